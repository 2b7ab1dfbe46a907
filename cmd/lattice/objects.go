package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"grove.place/lattice/internal/bindings"
	"grove.place/lattice/internal/inspector"
	local "grove.place/lattice/local-runtime"
)

const objectsHelp = `lattice objects COMMAND [flags]

The Durable Objects of "lattice dev": what they have stored, their alarms, and whether they are in memory. While lattice dev runs, the commands go through it,
and what they do is done to the running objects; otherwise they work on the storage folder. An object is named by its name or its id.

  lattice objects list [CLASS]                       the objects, of a class or of all
  lattice objects inspect CLASS OBJECT               its tables, keys, alarm and WebSockets; --from KEY goes on with later keys
  lattice objects sql CLASS OBJECT STATEMENT         run SQL in its storage; what writes needs --write
  lattice objects run-alarm CLASS OBJECT             run its alarm now, and wait for the handler; lattice dev must run
  lattice objects evict CLASS OBJECT                 take it out of memory, as idle time does; lattice dev must run
  lattice objects delete CLASS OBJECT --yes          delete it with everything that it has stored

--json prints what scripts read. --worker NAME chooses among several Workers (lattice dev -c … -c …); otherwise it is the one that has the class. The exit
code is 0 when it was done, 1 when it was not (there is no such object, it has no alarm, its handler failed), and 2 when the command line makes no sense.

Examples:
  lattice objects list Room
  lattice objects inspect Room lobby
  lattice objects sql Room lobby "SELECT count(*) FROM messages"
  lattice objects sql Room lobby "DELETE FROM messages WHERE n < 10" --write

The same and more is on the inspector's page, whose address lattice dev prints.
`

func runObjects(ctx context.Context, args []string, out, errs io.Writer) error {
	all := map[string]func(context.Context, *storeCommand, []string) error{}
	for name, usage := range map[string]string{
		"list": "[CLASS]", "inspect": "CLASS OBJECT", "sql": "CLASS OBJECT STATEMENT", "run-alarm": "CLASS OBJECT", "evict": "CLASS OBJECT", "delete": "CLASS OBJECT",
	} {
		all[name] = func(ctx context.Context, c *storeCommand, args []string) error {
			return (&objectCommand{storeCommand: c, name: name}).run(ctx, usage, args)
		}
	}
	return subcommands{"objects", objectsHelp, all, nil}.start(ctx, args, out, errs)
}

// objectCommand is one of the commands about objects.
type objectCommand struct {
	*storeCommand
	name string
	yes  bool
	ask  inspector.Request
}

func (o *objectCommand) run(ctx context.Context, usage string, args []string) error {
	fs := newFlags("objects "+o.name, objectsHelp, o.out, o.errs)
	o.flags(fs)
	fs.BoolVar(&o.json, "json", false, "print JSON")
	fs.StringVar(&o.ask.Worker, "worker", "", "`name` of the Worker, where several run")
	o.ownFlags(fs)
	given, err := o.parse(fs, args, usage)
	if err != nil {
		return err
	}
	for n, to := range []*string{&o.ask.Class, &o.ask.Object, &o.ask.SQL} {
		if n < len(given) {
			*to = given[n]
		}
	}
	call, done, err := o.reach(ctx)
	if err != nil {
		return err
	}
	defer done()
	if o.name == "delete" && !o.yes {
		return o.wouldDelete(call)
	}
	answer, err := call(o.name, o.ask)
	if err != nil {
		return err
	}
	if o.json {
		err = o.printJSON(answer)
	} else {
		err = o.print(answer)
	}
	if err == nil && o.name == "run-alarm" && !answer.Done {
		return exitStatus(exitFailure) // whoever asked for it waits for what it does
	}
	return err
}

func (o *objectCommand) ownFlags(fs *flag.FlagSet) {
	switch o.name {
	case "inspect":
		fs.StringVar(&o.ask.From, "from", "", "the first `key` to show")
	case "sql":
		fs.BoolVar(&o.ask.Write, "write", false, "let the statement write")
	case "delete":
		fs.BoolVar(&o.yes, "yes", false, "delete it")
	}
}

// caller performs a call of the control API.
type caller func(name string, q inspector.Request) (inspector.Answer, error)

// reach finds the server that runs, or opens the storage folder.
func (o *objectCommand) reach(ctx context.Context) (call caller, done func() error, err error) {
	nothing := func() error { return nil }
	if server := inspector.FindServer(ctx, o.path()); server != nil {
		return func(name string, q inspector.Request) (inspector.Answer, error) {
			return o.checked(server.Call(ctx, name, q))
		}, nothing, nil
	}
	if err := local.InUse(o.path()); err != nil {
		return nil, nil, fmt.Errorf("%w; it has no inspector to go through: it was started with --no-inspector, or is still starting", err)
	}
	if o.name == "run-alarm" || o.name == "evict" {
		return nil, nil, fmt.Errorf("lattice dev does not run on %s, so no object is in memory, and nothing runs its handlers: start it first", o.path())
	}
	if _, err := os.Stat(o.path()); err != nil {
		return nil, nil, fmt.Errorf("nothing is stored in %s: lattice dev makes it", o.path())
	}
	return o.openFolder(ctx)
}

func (o *objectCommand) openFolder(ctx context.Context) (caller, func() error, error) {
	options := local.Options{Name: o.cfg.Name, Dir: o.path(), Objects: map[string]string{}, Scripts: map[string]string{}, Logger: slog.New(slog.NewTextHandler(o.errs, nil))}
	if o.ask.Worker != "" && o.ask.Worker != o.cfg.Name {
		return nil, nil, fmt.Errorf("lattice dev does not run, and %s is of the Worker %q: name the configuration of %s with -c, and the folder with --persist-to", o.cfg.Path, o.cfg.Name, o.ask.Worker)
	}
	for _, b := range o.cfg.Objects {
		options.Objects[b.Name] = b.Class
		if b.Script != "" {
			options.Scripts[b.Name] = bindings.Script(b.Script, b.Env)
		}
	}
	host, err := local.OpenStores(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	return func(name string, q inspector.Request) (inspector.Answer, error) {
		return o.checked(inspector.Perform(host, name, q), nil)
	}, host.Close, nil
}

// checked makes an error of what an answer says went wrong.
func (o *objectCommand) checked(a inspector.Answer, err error) (inspector.Answer, error) {
	switch {
	case err != nil:
		return a, err
	case a.Writes:
		return a, fmt.Errorf("this statement writes: add --write to run it; an object in memory is not told")
	case a.Error != "":
		return a, fmt.Errorf("%s", a.Error)
	}
	return a, nil
}

func (o *objectCommand) wouldDelete(call caller) error {
	a, err := call("inspect", o.ask)
	if err != nil {
		return err
	}
	object := a.Object
	alarm := "no alarm"
	if object.Alarm != nil {
		alarm = "an alarm"
	}
	more := ""
	if object.Next != "" {
		more = " at least"
	}
	fmt.Fprintf(o.errs, "would delete %s %s with %s,%s %s and %s; add --yes to delete it\n", object.Class, label(object.ObjectSummary), count(len(object.Tables), "table"), more, count(len(object.Keys), "key"), alarm)
	return exitStatus(exitFailure)
}

func label(o inspector.ObjectSummary) string {
	if o.Name != "" {
		return fmt.Sprintf("%q", o.Name)
	}
	return o.ID
}

func (o *objectCommand) printJSON(a inspector.Answer) error {
	switch o.name {
	case "list":
		if a.Objects == nil {
			a.Objects = []inspector.ObjectSummary{}
		}
		return printJSON(o.out, a.Objects)
	case "inspect":
		return printJSON(o.out, a.Object)
	case "sql":
		return printJSON(o.out, a.Result)
	}
	return printJSON(o.out, map[string]bool{"done": a.Done})
}

func (o *objectCommand) print(a inspector.Answer) error {
	switch o.name {
	case "list":
		o.printList(a.Objects)
	case "inspect":
		o.printObject(a.Object)
	case "sql":
		if len(a.Result.Columns) > 0 {
			printTable(o.out, a.Result.Columns, a.Result.Rows)
		}
		fmt.Fprintf(o.out, "%s; %d read, %d written\n", count(len(a.Result.Rows), "row"), a.Result.RowsRead, a.Result.RowsWritten)
	default:
		fmt.Fprintln(o.out, outcomes[o.name][a.Done])
	}
	return nil
}

// outcomes says what a command did, and what there was not to do.
var outcomes = map[string]map[bool]string{
	"run-alarm": {true: "the alarm ran", false: "the object has no alarm"},
	"evict":     {true: "evicted: the next event constructs it again", false: "the object was not in memory"},
	"delete":    {true: "deleted", false: "there was no such object"},
}

func (o *objectCommand) printList(list []inspector.ObjectSummary) {
	if len(list) == 0 {
		fmt.Fprintln(o.out, "there are no objects")
		return
	}
	rows := make([][]any, len(list))
	for n, one := range list {
		rows[n] = []any{one.Class, one.Name, one.ID, map[bool]string{true: "in memory", false: "stored"}[one.Live]}
	}
	printTable(o.out, []string{"class", "name", "id", "state"}, rows)
}

func (o *objectCommand) printObject(object *inspector.Object) {
	name, alarm := object.Name, "none"
	if name == "" {
		name = "not known"
	}
	if object.Alarm != nil {
		alarm = object.Alarm.Format(time.RFC3339)
	}
	fmt.Fprintf(o.out, "class   %s\nname    %s\nid      %s\nstate   %s\nalarm   %s\n", object.Class, inspector.Visible(name), object.ID, map[bool]string{true: "in memory", false: "stored"}[object.Live], alarm)
	if len(object.Tables) > 0 {
		rows := make([][]any, len(object.Tables))
		for n, t := range object.Tables {
			rows[n] = []any{t.Name, int64(t.Rows)}
		}
		printTable(o.out, []string{"table", "rows"}, rows)
	}
	if len(object.Keys) > 0 {
		rows := make([][]any, len(object.Keys))
		for n, e := range object.Keys {
			rows[n] = []any{e.Key, inspector.Show(e.Value)}
		}
		printTable(o.out, []string{"key", "value"}, rows)
	}
	if object.Next != "" {
		fmt.Fprintf(o.out, "more keys: --from %q\n", object.Next)
	}
	for _, s := range object.Sockets {
		fmt.Fprintf(o.out, "WebSocket %d  %s  tags %s  attachment %s\n", s.Number, s.State, inspector.Visible(strings.Join(s.Tags, ", ")), inspector.Show(s.Attachment))
	}
}
