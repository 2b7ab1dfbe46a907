package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"grove.place/lattice/internal/inspector"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// A store command works on what "lattice dev" has stored, or with --remote on what Cloudflare has, with the names, flags and output of wrangler's.
type storeCommand struct {
	stateFolder
	remote, json bool
	cfg          *wrangler.Config
	out, errs    io.Writer
}

// storeFlags returns the flags that all store commands have.
func (c *storeCommand) storeFlags(name, long string) *flag.FlagSet {
	fs := newFlags(name, long, c.out, c.errs)
	c.flags(fs)
	fs.Bool("local", true, "work on what lattice dev has stored, which is the default")
	fs.BoolVar(&c.remote, "remote", false, "work on what Cloudflare has")
	return fs
}

// parse takes flags before and after so many arguments, which usage names. It loads the configuration.
func (c *storeCommand) parse(fs *flag.FlagSet, args []string, usage string) (given []string, err error) {
	if given, err = parseAll(fs, args, c.errs); err != nil {
		return nil, err
	}
	if least, most := len(strings.Fields(usage))-strings.Count(usage, "["), len(strings.Fields(usage)); len(given) < least || len(given) > most {
		fmt.Fprintf(c.errs, "write it as lattice %s\n", strings.TrimSpace(fs.Name()+" "+usage))
		return nil, errUsage
	}
	if c.remote && c.given("local") {
		fmt.Fprintf(c.errs, "lattice %s takes --local or --remote, not both\n", fs.Name())
		return nil, errUsage
	}
	c.find()
	c.cfg, err = wrangler.Load(c.configPath, c.env)
	return given, err
}

// open opens the stores: through lattice dev while that runs, or else in the folder. What they are reached with ends with closed.
func (c *storeCommand) open(ctx context.Context, o local.Options) (reached context.Context, closed func() error, err error) {
	err = c.reach(ctx, func(server *inspector.Server, wait time.Duration) error {
		client, err := server.OpenStores(ctx, inspector.Stores{Databases: o.Databases, KV: o.KV, Buckets: o.Buckets, Wait: wait})
		if err == nil {
			reached, closed = client.Context(ctx), client.Close
		}
		return err
	}, func() error {
		host, err := c.openFolder(ctx, o)
		if err == nil {
			reached, closed = host.Context(), host.Close
		}
		return err
	})
	return reached, closed, err
}

// How long a Worker is waited for that is being built, and how long when the folder is nobody's meanwhile: then it is not a new build that takes over. Tests shorten them.
var (
	buildPatience = 5 * time.Second
	idlePatience  = 300 * time.Millisecond
)

// reach does something through lattice dev, if that runs and has a Worker, or else alone. Either may come in the other's way for a moment.
func (c *storeCommand) reach(ctx context.Context, through func(server *inspector.Server, wait time.Duration) error, alone func() error) error {
	server := inspector.FindServer(ctx, c.path())
	for try := 1; ; try++ {
		if server != nil {
			wait := buildPatience
			if local.InUse(c.path()) == nil {
				wait = idlePatience
			}
			if err := through(server, wait); !errors.Is(err, inspector.ErrNoHost) {
				return err
			}
		}
		err := alone()
		if err == nil || server == nil || try == 3 || local.InUse(c.path()) == nil {
			return err
		}
	}
}

// openFolder opens the stores in the folder, which nothing else may have.
func (c *storeCommand) openFolder(ctx context.Context, o local.Options) (*local.Host, error) {
	if err := local.InUse(c.path()); err != nil {
		return nil, fmt.Errorf("%w; it has no inspector to go through: it was started with --no-inspector, or is still starting", err)
	}
	o.Dir = c.path()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(c.errs, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return local.OpenStores(ctx, o)
}

// here says that a binding leads elsewhere in lattice dev than to what a command works on, unless --local says that this is meant.
func (c *storeCommand) here(binding string, remote bool) {
	if remote && !c.given("local") {
		fmt.Fprintf(c.errs, "%s has remote = true, so that lattice dev works on the account's: this is what is stored here; --remote works there, too\n", binding)
	}
}

// subcommands of a store run one of several commands by its name, which may be of two words.
type subcommands struct {
	name, help string
	run        map[string]func(ctx context.Context, c *storeCommand, args []string) error
	cloud      map[string]func(ctx context.Context, c *cloudCommand, args []string) error // those about what an account has
}

func (s subcommands) start(ctx context.Context, args []string, out, errs io.Writer) error {
	n := nested{}
	for name, run := range s.run {
		n[name] = func(ctx context.Context, args []string, out, errs io.Writer) error {
			return run(ctx, &storeCommand{out: out, errs: errs}, args)
		}
	}
	for name, run := range s.cloud {
		n[name] = func(ctx context.Context, args []string, out, errs io.Writer) error {
			return run(ctx, &cloudCommand{out: out, errs: errs}, args)
		}
	}
	return n.start(ctx, s.name, s.help, args, out, errs)
}
