package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"grove.place/lattice/internal/bindings"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

const stateHelp = `lattice state COMMAND [flags]

What "lattice dev" stores: objects, D1 databases, KV namespaces, R2 buckets, queues. It is in .lattice/state beside the configuration; docs/storage.md
says what each file is, and how to back it up.

  lattice state path              print the folder
  lattice state import [folder]   take over what "wrangler dev" has stored
  lattice state clear             delete what is stored

lattice state COMMAND -h explains each.
`

const stateImportHelp = `lattice state import [flags] [folder]

Takes over what "wrangler dev" has stored: Durable Objects under the same ids, with their tables, keys and alarms, D1 databases, KV namespaces and R2
buckets. The folder is .wrangler/state beside the configuration, or what --persist-to named there. It is read only, and stays as it is; stop wrangler
dev before. Messages of queues are not in it, since wrangler dev keeps them in memory; caches are left.

Databases, namespaces and buckets find their place by the bindings of the configuration. Nothing is imported unless all files can be read. A store that
has something in it already is replaced only with --force; one that "lattice dev" has only opened does not count.

Examples:
  lattice state import --dry-run                  say what would be imported
  lattice state import
  lattice state import ../old-worker/.wrangler    from another folder
`

const stateClearHelp = `lattice state clear [flags]

Deletes all that "lattice dev" has stored, and leaves other files in the folder alone. Without --yes it says what that is.
`

const statePathHelp = `lattice state path [flags]

Prints the folder that "lattice dev" stores in.
`

// stateFolder is where the program stores.
type stateFolder struct {
	project
	persist string
}

func (s *stateFolder) flags(fs *flag.FlagSet) {
	s.configFlags(fs)
	fs.StringVar(&s.persist, "persist-to", "", "`folder` for what the program stores (default .lattice/state beside the configuration)")
}

func (s *stateFolder) path() string {
	if s.persist != "" {
		return s.persist
	}
	s.find()
	return filepath.Join(filepath.Dir(s.configPath), ".lattice", "state")
}

func runState(ctx context.Context, args []string, out, errs io.Writer) error {
	return nested{"path": runStatePath, "import": runStateImport, "clear": runStateClear}.start(ctx, "state", stateHelp, args, out, errs)
}

func runStatePath(_ context.Context, args []string, out, errs io.Writer) error {
	var s stateFolder
	fs := newFlags("state path", statePathHelp, out, errs)
	s.flags(fs)
	if err := parseNothing(fs, args, errs); err != nil {
		return err
	}
	path, err := filepath.Abs(s.path())
	if err == nil {
		fmt.Fprintln(out, path)
	}
	return err
}

// parseNothing parses flags that no argument comes with.
func parseNothing(fs *flag.FlagSet, args []string, errs io.Writer) error {
	arg, err := parse(fs, args, errs)
	if err == nil && arg != "" {
		fmt.Fprintf(errs, "lattice %s takes no argument, not %q\n", fs.Name(), arg)
		err = errUsage
	}
	return err
}

// storedNames are what the host makes in a storage folder.
var storedNames = []string{"objects", "d1", "kv", "r2", "queues", "analytics", "cache", ".runs"}

func runStateClear(_ context.Context, args []string, out, errs io.Writer) error {
	var s stateFolder
	flags := newFlags("state clear", stateClearHelp, out, errs)
	s.flags(flags)
	yes := flags.Bool("yes", false, "delete it")
	if err := parseNothing(flags, args, errs); err != nil {
		return err
	}
	files, size := 0, int64(0)
	for _, name := range storedNames {
		err := filepath.WalkDir(filepath.Join(s.path(), name), func(_ string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) || err == nil && d.IsDir() {
				return nil
			}
			info, err := d.Info()
			if err == nil {
				files, size = files+1, size+info.Size()
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	what := fmt.Sprintf("%s, %s, in %s", count(files, "file"), bytesText(size), s.path())
	if files == 0 {
		fmt.Fprintf(out, "nothing is stored in %s\n", s.path())
		return nil
	}
	if err := local.InUse(s.path()); err != nil {
		return err
	}
	if !*yes {
		fmt.Fprintf(out, "would delete %s; add --yes to delete it\n", what)
		return nil
	}
	for _, name := range storedNames {
		if err := os.RemoveAll(filepath.Join(s.path(), name)); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "deleted %s\n", what)
	return nil
}

func runStateImport(_ context.Context, args []string, out, errs io.Writer) error {
	var s stateFolder
	fs := newFlags("state import", stateImportHelp, out, errs)
	s.flags(fs)
	force := fs.Bool("force", false, "replace stores that have something in them already")
	dry := fs.Bool("dry-run", false, "read everything, say what would be imported, and change nothing")
	from, err := parse(fs, args, errs)
	if err != nil {
		return err
	}
	s.find()
	cfg, err := wrangler.Load(s.configPath, s.env)
	if err != nil {
		return err
	}
	if from == "" {
		from = filepath.Join(filepath.Dir(s.configPath), ".wrangler", "state")
	}
	o := local.ImportOptions{From: from, Dir: s.path(), Replace: *force, DryRun: *dry}
	if err := bindImport(&o, cfg); err != nil {
		return err
	}
	result, err := local.Import(o)
	if conflict, ok := errors.AsType[*local.ImportConflict](err); ok {
		return fmt.Errorf("there is something stored already in\n    %s\nso nothing was imported: --force replaces these, or delete them first", strings.Join(conflict.Paths, "\n    "))
	}
	if err != nil {
		return err
	}
	printImport(out, result, o, cfg)
	return nil
}

// bindImport says what the stores of the bindings are called in wrangler dev, which goes by the preview id, the id, or the binding.
func bindImport(o *local.ImportOptions, cfg *wrangler.Config) error {
	var names local.Options
	bindings.Stores(&names, cfg)
	databases, err := bindings.Databases(cfg, nil)
	for _, d := range cfg.Databases {
		o.Databases = append(o.Databases, local.ImportBinding{Name: d.Binding, IDs: []string{d.PreviewID, d.ID, d.Binding, d.Name}, Target: databases[d.Binding].ID})
	}
	for _, k := range cfg.KV {
		o.KV = append(o.KV, local.ImportBinding{Name: k.Binding, IDs: []string{k.PreviewID, k.ID, k.Binding}, Target: names.KV[k.Binding]})
	}
	for _, b := range cfg.Buckets {
		o.Buckets = append(o.Buckets, local.ImportBinding{Name: b.Binding, IDs: []string{b.PreviewName, b.Name, b.Binding}, Target: names.Buckets[b.Binding]})
	}
	return err
}

// printImport says what was imported and what was not.
func printImport(out io.Writer, result *local.Imported, o local.ImportOptions, cfg *wrangler.Config) {
	head, none := "imported into %s:\n", "there is nothing to import in %s\n"
	if o.DryRun {
		head = "would import into %s:\n"
	}
	if len(result.Stores) == 0 {
		fmt.Fprintf(out, none, o.From)
	} else {
		fmt.Fprintf(out, head, o.Dir)
	}
	skipped := []string{}
	for _, store := range result.Stores {
		name, text := describeStore(store, o, cfg)
		fmt.Fprintf(out, "  %s\n", text)
		for _, s := range store.Skipped {
			skipped = append(skipped, name+": "+s)
		}
	}
	for _, l := range result.Left {
		skipped = append(skipped, l.Path+": "+l.Why)
	}
	if len(skipped) > 0 {
		fmt.Fprintf(out, "left out:\n  %s\n", strings.Join(skipped, "\n  "))
	}
}

// describeStore is what a store is called, and a line about it.
func describeStore(s local.ImportedStore, o local.ImportOptions, cfg *wrangler.Config) (name, text string) {
	binding := func(list []local.ImportBinding) string {
		for _, b := range list {
			if b.Target == s.Name {
				return b.Name
			}
		}
		return s.Name + " (no binding has it)"
	}
	switch s.Kind {
	case local.ImportedObjects:
		class := s.Name
		if own, ok := strings.CutPrefix(s.Name, cfg.Name+"-"); ok {
			class = own
		}
		return class, fmt.Sprintf("%s of %s: %s", count(s.Objects, "object"), class,
			counts("no data", part{s.Tables, "table"}, part{s.Keys, "key"}, part{s.Alarms, "alarm"}, part{s.Facets, "facet"}))
	case local.ImportedDatabase:
		name = "D1 " + binding(o.Databases)
		return name, fmt.Sprintf("%s: %s", name, count(s.Tables, "table"))
	case local.ImportedKV:
		name = "KV " + binding(o.KV)
		return name, fmt.Sprintf("%s: %s, %s", name, count(s.Keys, "key"), bytesText(s.Bytes))
	}
	name = "R2 " + binding(o.Buckets)
	return name, fmt.Sprintf("%s: %s, %s", name, counts("no objects", part{s.Keys, "object"}, part{s.Uploads, "unfinished upload"}), bytesText(s.Bytes))
}

type part struct {
	n    int
	noun string
}

// counts lists what there is more than none of.
func counts(none string, parts ...part) string {
	var list []string
	for _, p := range parts {
		if p.n > 0 {
			list = append(list, count(p.n, p.noun))
		}
	}
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func bytesText(n int64) string {
	switch {
	case n < 1000:
		return count(int(n), "byte")
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
