package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/symbols"
)

const tailHelp = `lattice tail [flags] [WORKER]

Shows what a Worker on Cloudflare does while it does it, as "wrangler tail" does: a line for each request, alarm, cron trigger and batch of a queue with
its outcome, and then what it logged and which exceptions it threw. Places in the program's Wasm code get their Go names, files and lines: the module of the
version that ran is downloaded for that, once, when such a place comes by. It goes on until Ctrl-C, and connects again when the connection ends or the tail expires.

In a terminal it is text for people, otherwise a line of JSON for each event, unless --format says. All filters have to let an event through; of one that is
given several times, or with commas, any value does. A Worker with many requests is better sampled: Cloudflare leaves events out when there are too many.
` + credentialsHelp + `
Examples:
  lattice tail
  lattice tail --env staging --status error
  lattice tail --method POST,PUT --search checkout --sampling-rate 0.1
  lattice tail --header x-debug:yes --ip self
  lattice tail --json | jq -r .event.request.url
`

// tailCommand listens to a Worker.
type tailCommand struct {
	cloudCommand
	client  *cloudflare.Client
	filters []cloudflare.TailFilter
	pretty  bool
	worker  string
	tables  map[string]*symbols.Table // by version; nil where there are none
	table   *symbols.Table            // of --map
}

func runTail(ctx context.Context, args []string, out, errs io.Writer) error {
	c := &tailCommand{cloudCommand: cloudCommand{out: out, errs: errs}, tables: map[string]*symbols.Table{}}
	var f tailFilters
	fs := c.cloudFlags("tail", tailHelp)
	format := fs.String("format", "", "`pretty or json` (default pretty in a terminal, json otherwise)")
	module := fs.String("map", "", "`file`: the app.wasm of the version that runs, instead of downloading it")
	f.flags(fs)
	given, err := c.parse(fs, args, "[WORKER]", 0, 1)
	if err != nil {
		return err
	}
	if len(given) == 1 {
		if strings.Contains(given[0], ".") {
			return fmt.Errorf("%q is a route: name the Worker that answers it", given[0])
		}
		c.name = given[0]
	}
	switch {
	case c.json && cmp.Or(*format, "json") != "json", !slices.Contains([]string{"", "pretty", "json"}, *format):
		fmt.Fprintln(errs, "--format is pretty or json; --json is short for --format json")
		return errUsage
	case c.json:
		*format = "json"
	case *format == "":
		*format = "json"
		if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
			*format = "pretty"
		}
	}
	if c.filters, err = f.list(); err != nil {
		fmt.Fprintln(errs, err)
		return errUsage
	}
	if *module != "" {
		if c.table, err = readMap(*module); err != nil {
			return err
		}
	}
	if c.client, c.worker, err = c.connect(ctx); err != nil {
		return err
	}
	if f.version != "" {
		id, err := resolve(ctx, c.client, c.worker, f.version)
		if err != nil {
			return err
		}
		c.filters = append(c.filters, cloudflare.TailFilter{"scriptVersion": id})
	}
	c.pretty = *format == "pretty"
	return c.listen(ctx)
}

// readMap reads the names of functions from an app.wasm.
func readMap(path string) (*symbols.Table, error) {
	wasm, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the map: %w; name the app.wasm that made the log with --map", err)
	}
	table, err := symbols.Read(wasm)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return table, nil
}

// tailDelays is how long to wait before a connection is made again, which happens so many times without one that holds.
var tailDelays = []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}

// tailLeast is how long a tail is heard before it is made again, on a machine whose clock is ahead as well.
var tailLeast = time.Minute

// listen shows events until ctx ends, which is how a tail is meant to end.
func (c *tailCommand) listen(ctx context.Context) error {
	again := 0
	for first := true; ; first = false {
		begun := time.Now()
		connected, err := c.once(ctx, first)
		if time.Since(begun) > time.Minute { // it held
			again = 0
		}
		refused, isRefusal := errors.AsType[*cloudflare.Error](err)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errRenew):
			continue
		case errors.Is(err, cloudflare.ErrTailEnded):
			fmt.Fprintln(c.errs, "Cloudflare ended the tail")
			return nil
		case first && !connected, isRefusal && refused.Status < 500, errors.Is(err, errShow), again == len(tailDelays):
			return err
		}
		wait := tailDelays[again]
		again++
		fmt.Fprintf(c.errs, "waiting   the connection ended: connecting again in %s (%d of %d)\n", wait, again, len(tailDelays))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

var (
	errRenew = errors.New("the tail expires")
	errShow  = errors.New("write the event")
)

// once makes a tail, shows its events, and deletes it.
func (c *tailCommand) once(ctx context.Context, first bool) (connected bool, err error) {
	t, err := c.client.StartTail(ctx, c.worker, c.filters)
	if err != nil {
		return false, err
	}
	defer func() {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer stop()
		if failure := c.client.StopTail(ctx, c.worker, t.ID); failure != nil && !errors.Is(err, errRenew) {
			fmt.Fprintf(c.errs, "lattice: %v; it expires by itself at %s\n", failure, when(t.Expires))
		}
	}()
	if first {
		fmt.Fprintf(c.errs, "Made a tail of %s, which expires at %s and is made again then\n", c.worker, when(t.Expires))
	}
	until, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if !t.Expires.IsZero() {
		defer time.AfterFunc(max(tailLeast, time.Until(t.Expires.Add(-5*time.Second))), func() { stop(errRenew) }).Stop()
	}
	err = t.Listen(until, func() {
		connected = true
		fmt.Fprintf(c.errs, "Connected to %s, waiting for events; Ctrl-C stops it\n", c.worker)
	}, func(text []byte) error { return c.event(ctx, text) })
	if errors.Is(context.Cause(until), errRenew) {
		return connected, errRenew
	}
	return connected, err
}

// names returns the functions of a version of the Worker, or nil.
func (c *tailCommand) names(ctx context.Context, version string) *symbols.Table {
	if c.table != nil {
		return c.table
	}
	if t, ok := c.tables[version]; ok {
		return t
	}
	var table *symbols.Table
	list, err := c.client.Modules(ctx, c.worker, version)
	for _, m := range list {
		if m.Type == "application/wasm" || strings.HasSuffix(m.Name, ".wasm") {
			if table, err = symbols.Read(m.Content); err == nil {
				break
			}
		}
	}
	if table == nil {
		fmt.Fprintf(c.errs, "lattice: the places in Wasm code stay numbers: %v; name the app.wasm of the version with --map\n", cmp.Or(err, errors.New("there is no Wasm module")))
	}
	c.tables[version] = table
	return table
}
