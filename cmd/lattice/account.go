package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"

	"golang.org/x/term"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/wrangler"
)

// accountFlags returns the flags of commands about what an account has, whichever Worker uses it.
func (c *cloudCommand) accountFlags(name, long string) *flag.FlagSet {
	fs := newFlags(name, long, c.out, c.errs)
	c.configFlags(fs)
	c.envFileFlag(fs)
	fs.BoolVar(&c.json, "json", false, "print JSON, for scripts")
	return fs
}

// askFlags add the flags that leave out a question.
func askFlags(fs *flag.FlagSet) *bool {
	yes := fs.Bool("yes", false, "do not ask")
	alias(fs, "yes", "y", "skip-confirmation", "force")
	return yes
}

// settings loads the configuration, if there is one.
func (c *cloudCommand) settings() error {
	c.find()
	cfg, err := wrangler.Load(c.configPath, c.env)
	if errors.Is(err, wrangler.ErrMissing) && len(c.configs) == 0 {
		cfg, err = &wrangler.Config{Path: c.configPath}, nil
	}
	c.cfg = cfg
	return err
}

// account is settings and a client.
func (c *cloudCommand) account(ctx context.Context) (*cloudflare.Client, error) {
	if err := c.settings(); err != nil {
		return nil, err
	}
	return c.client(ctx)
}

// confirm asks for a yes. Where nobody can be asked, only yes itself will do.
func (c *cloudCommand) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return fmt.Errorf("%s There is no terminal to ask on: add --yes if that is meant", question)
	}
	fmt.Fprintf(c.errs, "%s [y/N] ", question)
	var answer string
	if _, _ = fmt.Fscanln(os.Stdin, &answer); !strings.HasPrefix(strings.ToLower(answer), "y") {
		return errors.New("nothing was done")
	}
	return nil
}

// created prints what was created, and what is to be added to the configuration for a Worker to have it.
func (c *cloudCommand) created(v any, line, table string, pairs ...any) error {
	return c.createdFor(false, v, line, table, pairs...)
}

// table is a table of the configuration, in the environment that the command line chooses.
func (c *cloudCommand) table(name string) string {
	if c.env == "" {
		return name
	}
	return "env." + c.env + "." + name
}

// createdFor is created, for a binding that may be in the configuration already, without its id.
func (c *cloudCommand) createdFor(bound bool, v any, line, table string, pairs ...any) error {
	if c.json {
		return printJSON(c.out, v)
	}
	table = c.table(table)
	what := "Add to " + c.cfg.Path
	if bound {
		what = "In " + c.cfg.Path + " complete"
	}
	fmt.Fprintf(c.out, "%s\n%s:\n\n%s\n", line, what, c.cfg.Add(table, true, pairs...))
	return nil
}

// bindingOf makes the name of a binding of that of a resource.
func bindingOf(asked, name string) string {
	if asked != "" {
		return asked
	}
	name = regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(name, "_")
	if strings.Trim(name, "_") == "" || name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return name
}

// cloud is the same command, on what Cloudflare has.
func (c *storeCommand) cloud(ctx context.Context) (*cloudflare.Client, error) {
	cc := &cloudCommand{project: c.project, cfg: c.cfg, out: c.out, errs: c.errs}
	return cc.client(ctx)
}
