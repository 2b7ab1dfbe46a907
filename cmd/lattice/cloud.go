package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/wrangler"
)

// cloudCommand works on what Cloudflare has of a Worker.
type cloudCommand struct {
	project
	name        string // of the Worker, instead of that of the configuration
	json        bool
	envFiles    list
	environment *wrangler.Environ // nil: not read yet
	cfg         *wrangler.Config
	out, errs   io.Writer
}

// cloudFlags returns the flags that all commands have that ask Cloudflare.
func (c *cloudCommand) cloudFlags(name, long string) *flag.FlagSet {
	fs := newFlags(name, long, c.out, c.errs)
	c.configFlags(fs)
	c.envFileFlag(fs)
	fs.StringVar(&c.name, "name", "", "work on the Worker of that `name` (default: the name in the configuration, with the environment)")
	fs.BoolVar(&c.json, "json", false, "print JSON, for scripts")
	return fs
}

// parse takes flags before and after the arguments, of which there are at least and at most so many.
func (c *cloudCommand) parse(fs *flag.FlagSet, args []string, usage string, least, most int) (given []string, err error) {
	if given, err = parseAll(fs, args, c.errs); err != nil {
		return nil, err
	}
	if len(given) < least || most >= 0 && len(given) > most {
		fmt.Fprintf(c.errs, "write it as lattice %s\n", strings.TrimSpace(fs.Name()+" "+usage))
		return nil, errUsage
	}
	return given, c.one(c.errs)
}

// worker loads the configuration and settles which Worker is meant. With --name it does without a configuration.
func (c *cloudCommand) worker() (string, error) {
	c.find()
	cfg, err := wrangler.Load(c.configPath, c.env)
	if c.name != "" && errors.Is(err, wrangler.ErrMissing) {
		c.cfg = &wrangler.Config{Path: c.configPath}
		return c.name, nil
	}
	if err != nil {
		return "", err
	}
	c.cfg = cfg
	if c.name == "" {
		c.name = cfg.Name
	}
	if c.name == "" {
		return "", fmt.Errorf("%s: the Worker has no name: add name = \"…\" at the top, or use --name", cfg.Path)
	}
	return c.name, nil
}

// client is one for the account of the configuration or the environment.
func (c *cloudCommand) client(ctx context.Context) (*cloudflare.Client, error) {
	client, _, _, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	account := ""
	if c.cfg != nil {
		account, _ = c.cfg.Setting("account_id").(string)
	}
	_, err = client.Choose(ctx, account)
	return client, err
}

// connect does both.
func (c *cloudCommand) connect(ctx context.Context) (*cloudflare.Client, string, error) {
	name, err := c.worker()
	if err != nil {
		return nil, "", err
	}
	client, err := c.client(ctx)
	return client, name, err
}

// print writes JSON, or else a table with a row for each.
func (c *cloudCommand) print(v any, rows [][]string) error {
	if c.json {
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(r, "\t"), "\t "))
	}
	return w.Flush()
}

var versionID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// resolve completes the beginning of a version's id.
func resolve(ctx context.Context, client *cloudflare.Client, worker, id string) (string, error) {
	id = strings.ToLower(id)
	if versionID.MatchString(id) {
		return id, nil
	}
	if len(id) < 4 || strings.Trim(id, "0123456789abcdef-") != "" {
		return "", fmt.Errorf("%q is no id of a version: `lattice versions list` shows them; the first characters do", id)
	}
	versions, err := client.Versions(ctx, worker)
	if err != nil {
		return "", err
	}
	var found []string
	for _, v := range versions {
		if strings.HasPrefix(v.ID, id) {
			found = append(found, v.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no version of %s begins with %s: `lattice versions list` shows them", worker, id)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("several versions of %s begin with %s: %s", worker, id, strings.Join(found, ", "))
}

// when is a time for people.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// cloudCommands run one of several commands by its name.
type cloudCommands struct {
	name, help string
	run        map[string]func(ctx context.Context, c *cloudCommand, args []string) error
}

func (s cloudCommands) start(ctx context.Context, args []string, out, errs io.Writer) error {
	n := nested{}
	for name, run := range s.run {
		n[name] = func(ctx context.Context, args []string, out, errs io.Writer) error {
			return run(ctx, &cloudCommand{out: out, errs: errs}, args)
		}
	}
	return n.start(ctx, s.name, s.help, args, out, errs)
}
