package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/devserver"
	"grove.place/lattice/internal/inspector"
	"grove.place/lattice/internal/otlp"
	local "grove.place/lattice/local-runtime"
)

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ", ") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

// overrides is a flag of NAME:value pairs, as wrangler takes them.
type overrides map[string]string

func (o overrides) String() string { return "" }

func (o overrides) Set(v string) error {
	name, value, ok := strings.Cut(v, ":")
	if !ok || name == "" {
		return errors.New("write it as NAME:value")
	}
	o[name] = value
	return nil
}

// logLevel is a flag with wrangler's names of levels.
type logLevel slog.Level

var logLevels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "log": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError, "none": slog.LevelError + 1}

func (l *logLevel) String() string { return "" }

func (l *logLevel) Set(v string) error {
	level, ok := logLevels[v]
	if !ok {
		return errors.New("write debug, info, warn, error or none")
	}
	*l = logLevel(level)
	return nil
}

// seeds is a flag of BINDING=file pairs.
type seeds map[string]string

func (s seeds) String() string { return "" }

func (s seeds) Set(v string) error {
	binding, file, ok := strings.Cut(v, "=")
	if !ok || binding == "" || file == "" {
		return errors.New("write it as BINDING=file.sql")
	}
	if s[binding] != "" {
		return fmt.Errorf("%s has a seed already", binding)
	}
	s[binding] = file
	return nil
}

func runDev(ctx context.Context, args []string, out, errs io.Writer) error {
	var (
		p        project
		sidecars list
		vars     = overrides{}
		seeded   = seeds{}
	)
	fs := newFlags("dev", devHelp, out, errs)
	p.flags(fs)
	host := fs.String("host", "127.0.0.1", "`address` to listen on (dev.ip of the configuration counts as well)")
	fs.StringVar(host, "ip", "127.0.0.1", "the same")
	port := fs.Int("port", 8787, "`port` to listen on; 0 lets the system choose (dev.port of the configuration counts as well)")
	persist := fs.String("persist-to", "", "`folder` for what the program stores (default .lattice/state beside the configuration)")
	isolates := fs.Int("isolates", 0, "`number` of Go instances (default one for each processor)")
	inspectAt := fs.Int("inspector-port", inspectorPort, "`port` of the inspector, on this machine only; another one when it is taken, unless it is given")
	noInspector := fs.Bool("no-inspector", false, "serve no inspector; lattice objects, d1, kv and r2 then need the server stopped")
	var watch local.Watch
	fs.DurationVar(&watch.Turn, "warn-turn", 250*time.Millisecond, "warn of code that computes for longer without waiting for anything, with its line; 0 does not")
	fs.DurationVar(&watch.Event, "warn-event", 30*time.Second, "warn of events without an answer for longer, with the lines where handlers wait; 0 does not")
	fs.DurationVar(&watch.Goroutines, "warn-goroutines", 5*time.Second, "warn of goroutines that go on for longer although no event does, with the line that began them; 0 does not")
	collector := fs.String("otlp", os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "send traces to the OpenTelemetry collector at `URL`, by OTLP over HTTP (default OTEL_EXPORTER_OTLP_ENDPOINT)")
	localOnly := fs.Bool("local", false, "keep bindings with remote = true on this machine as well")
	fs.BoolVar(localOnly, "l", false, "the same")
	level := logLevel(slog.LevelInfo)
	fs.Var(&level, "log-level", "the least `level` of messages that are printed: debug, info, warn, error or none")
	debug := fs.Bool("debug", false, "print debug messages of the program as well, as --log-level debug does")
	testScheduled := fs.Bool("test-scheduled", false, "run the scheduled handler at /__scheduled even where there are no cron triggers")
	noKeys := fs.Bool("no-keys", false, "read no keys in a terminal")
	fs.Var(vars, "var", "set a variable, as `NAME:value`, whatever the files say; may be repeated")
	fs.Var(seeded, "d1-seed", "`BINDING=file`: run the SQL of the file once, when that D1 database is new; may be repeated")
	notice := fs.String("notice", "", "print the text of `file` when the program is ready for the first time")
	fs.Var(&sidecars, "sidecar", "shell `command` to run next to the server; may be repeated")
	var err error
	if p.pkg, err = parse(fs, args, errs); err != nil {
		return err
	}
	if *port < 0 || *port > 65535 {
		fmt.Fprintf(errs, "--port %d: a port is a number from 0 to 65535\n", *port)
		return errUsage
	}
	if *inspectAt < 0 || *inspectAt > 65535 {
		fmt.Fprintf(errs, "--inspector-port %d: a port is a number from 0 to 65535\n", *inspectAt)
		return errUsage
	}
	if *isolates < 0 {
		fmt.Fprintf(errs, "--isolates %d: write how many Go instances to run, or 0 for one for each processor\n", *isolates)
		return errUsage
	}
	if *debug {
		level = logLevel(slog.LevelDebug)
	}
	if _, err := exec.LookPath("go"); err != nil {
		return compile.ErrNoGo // no change of a file would mend it
	}
	workers, cfg, err := newFleet(&p, *localOnly, errs)
	if err != nil {
		return err // without a configuration there is nothing to wait for
	}
	if cfg.Dev.IP != "" && !p.given("host") && !p.given("ip") {
		*host = cfg.Dev.IP
	}
	*host = strings.Replace(*host, "*", "0.0.0.0", 1)
	if cfg.Dev.Port != nil && !p.given("port") {
		*port = *cfg.Dev.Port
	}
	var text []byte
	if *notice != "" {
		if text, err = os.ReadFile(*notice); err != nil {
			return fmt.Errorf("--notice: %w", err)
		}
	}
	state := *persist
	if state == "" {
		state = filepath.Join(filepath.Dir(p.configPath), ".lattice", "state")
	}
	if err := awaitFolder(ctx, state); err != nil {
		return err
	}
	log := devserver.Logger(out, slog.Level(level))
	workers.clock = local.NewAdjustableClock()
	if !*noInspector {
		workers.record = inspector.NewRecord()
		log = workers.record.Tee(log, workers.names)
	}
	workers.watch = watch
	if *collector != "" {
		if workers.traces, err = otlp.New(*collector, log); err != nil {
			return fmt.Errorf("--otlp: %w", err)
		}
		defer workers.traces.Close()
	}
	workers.state, workers.isolates, workers.log = state, *isolates, log
	sources := workers.sources(vars, seeded)
	var page *inspection
	s, err := devserver.New(devserver.Options{
		Source: sources[0], Others: sources[1:],
		Ready:   func() { out.Write(text) },
		Changed: func() { page.changed() },
		Host:    *host, Port: *port, Sidecars: sidecars, Log: log, Clock: workers.clock, TestScheduled: *testScheduled,
	})
	if err != nil {
		return err
	}
	if !*noInspector {
		if page, err = workers.inspect(s, *inspectAt, p.given("inspector-port")); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	wait, err := page.serve(ctx, workers)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	greeting := fmt.Sprintf("lattice dev on %s%s, Ctrl-C stops it\n%s%s", s.URL(), workers.describe(), workers.describeRemote(), page.describe(*host))
	if !*noKeys {
		k := keyboard{out: out, url: s.URL(), greeting: &greeting, stop: stop, log: log}
		if page != nil {
			k.inspector = page.URL()
		}
		defer k.listen(ctx)()
	}
	fmt.Fprint(out, greeting)
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
