package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"

	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/devserver"
	"grove.place/lattice/internal/inspector"
	"grove.place/lattice/internal/otlp"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// devCommand is what the command line says.
type devCommand struct {
	stateFolder
	host          string
	port          int
	isolates      int
	inspectAt     int
	noInspector   bool
	watch         local.Watch
	collector     string
	localOnly     bool
	level         logLevel
	debug         bool
	testScheduled bool
	noKeys        bool
	vars          overrides
	seeded        seeds
	notice        string
	sidecars      list
	out, errs     io.Writer
}

func (d *devCommand) define(fs *flag.FlagSet) {
	d.level, d.vars, d.seeded = logLevel(slog.LevelInfo), overrides{}, seeds{}
	d.project.flags(fs)
	fs.StringVar(&d.host, "host", "127.0.0.1", "`address` to listen on (dev.ip of the configuration counts as well)")
	alias(fs, "host", "ip")
	fs.IntVar(&d.port, "port", 8787, "`port` to listen on; 0 lets the system choose (dev.port of the configuration counts as well)")
	fs.StringVar(&d.persist, "persist-to", "", "`folder` for what the program stores (default .lattice/state beside the configuration)")
	fs.IntVar(&d.isolates, "isolates", 0, "`number` of Go instances (default one for each processor)")
	fs.IntVar(&d.inspectAt, "inspector-port", inspectorPort, "`port` of the inspector, on this machine only; another one when it is taken, unless it is given")
	fs.BoolVar(&d.noInspector, "no-inspector", false, "serve no inspector; lattice objects, d1, kv and r2 then need the server stopped")
	fs.DurationVar(&d.watch.Turn, "warn-turn", 250*time.Millisecond, "warn of code that computes for longer without waiting for anything, with its line; 0 does not")
	fs.DurationVar(&d.watch.Event, "warn-event", 30*time.Second, "warn of events without an answer for longer, with the lines where handlers wait; 0 does not")
	fs.DurationVar(&d.watch.Goroutines, "warn-goroutines", 5*time.Second, "warn of goroutines that go on for longer although no event does, with the line that began them; 0 does not")
	fs.StringVar(&d.collector, "otlp", os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "send traces to the OpenTelemetry collector at `URL`, by OTLP over HTTP (default OTEL_EXPORTER_OTLP_ENDPOINT)")
	fs.BoolVar(&d.localOnly, "local", false, "keep bindings with remote = true on this machine as well")
	alias(fs, "local", "l")
	fs.Var(&d.level, "log-level", "the least `level` of messages that are printed: debug, info, warn, error or none")
	fs.BoolVar(&d.debug, "debug", false, "print debug messages of the program as well, as --log-level debug does")
	fs.BoolVar(&d.testScheduled, "test-scheduled", false, "run the scheduled handler at /__scheduled even where there are no cron triggers")
	fs.BoolVar(&d.noKeys, "no-keys", false, "read no keys in a terminal")
	fs.Var(d.vars, "var", "set a variable, as `NAME:value`, whatever the files say; may be repeated")
	fs.Var(d.seeded, "d1-seed", "`BINDING=file`: run the SQL of the file once, when that D1 database is new; may be repeated")
	fs.StringVar(&d.notice, "notice", "", "print the text of `file` when the program is ready for the first time")
	fs.Var(&d.sidecars, "sidecar", "shell `command` to run next to the server; may be repeated")
}

// read takes the command line apart.
func (d *devCommand) read(args []string) (err error) {
	fs := newFlags("dev", devHelp, d.out, d.errs)
	d.define(fs)
	if d.pkg, err = parse(fs, args, d.errs); err != nil {
		return err
	}
	for _, p := range []struct {
		flag string
		port int
	}{{"port", d.port}, {"inspector-port", d.inspectAt}} {
		if p.port < 0 || p.port > 65535 {
			fmt.Fprintf(d.errs, "--%s %d: a port is a number from 0 to 65535\n", p.flag, p.port)
			return errUsage
		}
	}
	if d.isolates < 0 {
		fmt.Fprintf(d.errs, "--isolates %d: write how many Go instances to run, or 0 for one for each processor\n", d.isolates)
		return errUsage
	}
	if d.debug {
		d.level = logLevel(slog.LevelDebug)
	}
	return nil
}

// configure takes over what the configuration says and the command line does not.
func (d *devCommand) configure(cfg *wrangler.Config) {
	if cfg.Dev.IP != "" && !d.given("host") && !d.given("ip") {
		d.host = cfg.Dev.IP
	}
	d.host = strings.Replace(d.host, "*", "0.0.0.0", 1)
	if cfg.Dev.Port != nil && !d.given("port") {
		d.port = *cfg.Dev.Port
	}
}

func runDev(ctx context.Context, args []string, out, errs io.Writer) error {
	d := &devCommand{out: out, errs: errs}
	if err := d.read(args); err != nil {
		return err
	}
	if _, err := exec.LookPath("go"); err != nil {
		return compile.ErrNoGo // no change of a file would mend it
	}
	workers, cfg, err := newFleet(&d.project, d.localOnly, errs)
	if err != nil {
		return err // without a configuration there is nothing to wait for
	}
	d.configure(cfg)
	var notice []byte
	if d.notice != "" {
		if notice, err = os.ReadFile(d.notice); err != nil {
			return fmt.Errorf("--notice: %w", err)
		}
	}
	workers.state, workers.isolates, workers.watch, workers.clock = d.path(), d.isolates, d.watch, local.NewAdjustableClock()
	if err := awaitFolder(ctx, workers.state); err != nil {
		return err
	}
	workers.log = devserver.Logger(out, slog.Level(d.level))
	if !d.noInspector {
		workers.record = inspector.NewRecord()
		workers.log = workers.record.Tee(workers.log, workers.names)
	}
	if d.collector != "" {
		if workers.traces, err = otlp.New(d.collector, workers.log); err != nil {
			return fmt.Errorf("--otlp: %w", err)
		}
		defer workers.traces.Close()
	}
	return d.serve(ctx, workers, notice)
}

// serve serves the Workers, and the inspector beside them, until ctx ends or a key is pressed.
func (d *devCommand) serve(ctx context.Context, workers *fleet, notice []byte) error {
	sources := workers.sources(d.vars, d.seeded)
	var page *inspection
	s, err := devserver.New(devserver.Options{
		Source: sources[0], Others: sources[1:],
		Ready:   func() { d.out.Write(notice) },
		Changed: func() { page.changed() },
		Host:    d.host, Port: d.port, Sidecars: d.sidecars, Log: workers.log, Clock: workers.clock, TestScheduled: d.testScheduled,
	})
	if err != nil {
		return err
	}
	if !d.noInspector {
		if page, err = workers.inspect(s, d.inspectAt, d.given("inspector-port")); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	wait, err := page.serve(ctx, workers)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	greeting := fmt.Sprintf("lattice dev on %s%s, Ctrl-C stops it\n%s%s", s.URL(), workers.describe(), workers.describeRemote(), page.describe(d.host))
	if !d.noKeys {
		k := keyboard{out: d.out, url: s.URL(), greeting: &greeting, stop: stop, log: workers.log}
		if page != nil {
			k.inspector = page.URL()
		}
		defer k.listen(ctx)()
	}
	fmt.Fprint(d.out, greeting)
	err = s.Run(ctx)
	stop()
	return errors.Join(err, wait(), workers.close())
}

// folderPatience is how long a process that was told to end may keep its storage. Tests shorten it.
var folderPatience = 3 * time.Second

// awaitFolder waits a little for a storage folder that another process uses, and says which if that goes on.
func awaitFolder(ctx context.Context, state string) error {
	deadline := time.After(folderPatience)
	for {
		err := local.InUse(state)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}
