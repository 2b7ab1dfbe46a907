package devserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
)

// quiet is how long nothing must happen before a change counts as done: editors write in several steps.
const quiet = 80 * time.Millisecond

// watcher says when something that the program is made of has changed. It watches folders, not files, because editors
// replace files; and every folder of the program's modules, because a new package may appear in any of them.
type watcher struct {
	fs      *fsnotify.Watcher
	log     *slog.Logger
	dirs    map[string]bool // watched
	config  string          // absolute path of wrangler.toml
	main    string          // absolute path of main: a program of github.com/syumai/workers may have object classes there
	sql     map[string]bool // folders with migrations
	embeds  map[string]bool // folders with embedded files
	skipped map[string]bool // output folders, never watched
	warned  bool            // that a folder cannot be watched
}

func newWatcher(log *slog.Logger) (*watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch for changes: %w", err)
	}
	return &watcher{fs: w, log: log, dirs: map[string]bool{}}, nil
}

func (w *watcher) close() { w.fs.Close() }

// watch follows everything that a build with these options reads. The module in the working folder is watched when it
// returns; finish, to be called after the build, adds what only the go command knows.
func (w *watcher) watch(ctx context.Context, cfg *wrangler.Config, o build.Options) (finish func()) {
	w.config, w.main = absolute(cfg.Path), absolute(cfg.Abs(cfg.Main))
	w.sql = map[string]bool{}
	w.skipped = map[string]bool{absolute(o.Out): true, absolute(cfg.Abs(build.DefaultOut)): true}
	for _, d := range cfg.Databases {
		dir := absolute(cfg.Abs(d.Migrations()))
		w.sql[dir] = true
		w.add(dir)
	}
	if root := moduleRoot(absolute(o.Dir)); root != "" {
		w.tree(root)
	}
	found := make(chan sources, 1)
	go func() { found <- listSources(ctx, o, w.log) }()
	return func() { w.follow(<-found) }
}

// moduleRoot is the nearest folder around dir with a go.mod, or "".
func moduleRoot(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// sources is what a program is made of, apart from what nobody edits here.
type sources struct {
	modules  []string // folders of the main module and of local replacements
	packages []string
	embeds   []string // folders with embedded files
}

func (w *watcher) follow(s sources) {
	w.embeds = map[string]bool{}
	for _, dir := range s.embeds {
		w.embeds[dir] = true
		w.add(dir)
	}
	for _, dir := range s.packages {
		w.add(dir)
	}
	for _, root := range s.modules {
		w.tree(root)
	}
}

// listed is what `go list -json` says about a package.
type listed struct {
	Dir        string
	Standard   bool
	EmbedFiles []string
	Module     *struct {
		Dir, Version string
		Replace      *struct{ Version string }
	}
}

// listSources asks the go command. What cannot be listed is not watched, and the build says why.
func listSources(ctx context.Context, o build.Options, log *slog.Logger) (s sources) {
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-deps", "-json=Dir,Standard,EmbedFiles,Module", o.Package)
	cmd.Dir = o.Dir
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, _ := cmd.Output()
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); err != nil {
			if err != io.EOF {
				log.Warn("cannot tell which files to watch", "error", err)
			}
			return s
		}
		edited := p.Module != nil && (p.Module.Version == "" || p.Module.Replace != nil && p.Module.Replace.Version == "")
		if p.Standard || !edited {
			continue
		}
		if !slices.Contains(s.modules, p.Module.Dir) {
			s.modules = append(s.modules, p.Module.Dir)
		}
		s.packages = append(s.packages, p.Dir)
		for _, f := range p.EmbedFiles {
			s.embeds = append(s.embeds, filepath.Dir(filepath.Join(p.Dir, f)))
		}
	}
}

// tree watches a folder and those below it, except what holds no sources.
func (w *watcher) tree(root string) {
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		name := d.Name()
		if path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || w.skipped[path]) {
			return filepath.SkipDir
		}
		w.add(path)
		return nil
	})
}

func (w *watcher) add(dir string) {
	dir = absolute(dir)
	if w.dirs[dir] {
		return
	}
	if err := w.fs.Add(dir); err != nil {
		if _, gone := os.Stat(dir); gone == nil && !w.warned {
			w.warned = true
			w.log.Warn("changes in some folders go unnoticed", "first", dir, "error", err)
		}
		return
	}
	w.dirs[dir] = true
}

// wait returns the name of the first file that changed, once changes have stopped coming; or nothing, when enough comes first.
func (w *watcher) wait(ctx context.Context, enough <-chan time.Time) (changed string, err error) {
	var settled <-chan time.Time
	for {
		select {
		case e := <-w.fs.Events:
			name := w.notice(e)
			if name == "" {
				continue
			}
			if changed == "" {
				changed = shortName(name)
			}
			enough = nil
			settled = time.After(quiet)
		case err := <-w.fs.Errors:
			if changed == "" {
				changed = fmt.Sprintf("something (%v)", err)
			}
			settled = time.After(quiet)
		case <-enough:
			return "", nil
		case <-settled:
			return changed, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// notice keeps the set of watched folders right and returns the file that the event is about, if it matters.
func (w *watcher) notice(e fsnotify.Event) string {
	if e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
		delete(w.dirs, e.Name)
	}
	if e.Has(fsnotify.Create) {
		if info, err := os.Stat(e.Name); err == nil && info.IsDir() {
			return w.created(e.Name)
		}
	}
	if e.Op == fsnotify.Chmod || !w.matters(e.Name) {
		return ""
	}
	return e.Name
}

// created follows a new folder. Files that were put into it before it was watched are found here.
func (w *watcher) created(dir string) (file string) {
	if strings.HasPrefix(filepath.Base(dir), ".") || w.skipped[dir] {
		return ""
	}
	w.tree(dir)
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && w.skipped[path] {
			return filepath.SkipDir
		}
		if err == nil && !d.IsDir() && w.matters(path) {
			file = path
			return filepath.SkipAll
		}
		return nil
	})
	return file
}

// matters reports whether the program may depend on the file.
func (w *watcher) matters(path string) bool {
	dir, name := filepath.Split(path)
	dir = filepath.Clean(dir)
	switch {
	case path == w.config || path == w.main || dir == filepath.Dir(w.config) && (strings.HasPrefix(name, ".dev.vars") || name == ".env" || strings.HasPrefix(name, ".env.")):
		return true
	case strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~"):
		return false
	case strings.HasSuffix(name, "_test.go"):
		return false
	case strings.HasSuffix(name, ".go") || name == "go.mod" || name == "go.sum" || name == "go.work":
		return true
	case strings.HasSuffix(name, ".sql") && w.sql[dir]:
		return true
	}
	return w.embeds[dir]
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// shortName is relative to the working directory where that is shorter.
func shortName(path string) string {
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, path); err == nil && len(rel) < len(path) {
			return rel
		}
	}
	return path
}
