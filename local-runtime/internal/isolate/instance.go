package isolate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/symbols"
	"grove.place/lattice/local-runtime/internal/gojs"
)

// Guest is the owner of an Instance, as the program sees it. Its methods are called while the program runs.
type Guest interface {
	// Call performs an operation other than INIT. It returns the result, status byte first, or nil and
	// abi.Pending or abi.WrongFrame. req aliases the program's memory.
	Call(frame, op, id uint32, req []byte) (result []byte, code int32)
	Nanotime() int64
	Walltime() time.Time
	Random(p []byte)
	// Output is what the program printed to standard output (1) or standard error (2).
	Output(fd int, p []byte)
	// Missing names JavaScript that the program used and that does not exist here.
	Missing(what string)
}

// Exit is the error of an instance that has ended.
type Exit struct {
	Code  uint32
	Cause string         // one line
	Text  string         // what Go's runtime said at the end, may be long
	Stack []symbols.Call // where it ended, the innermost call first
}

func (e *Exit) Error() string { return e.Cause }

// Instance is one running Go program.
type Instance struct {
	guest    Guest
	ctx      context.Context
	mod      api.Module
	deliver  api.Function
	resume   api.Function
	js       *gojs.Instance
	describe bool

	initialised   bool
	refused       error // why INIT was answered with an Error
	inbox, inboxN uint32
	result        []byte // waits for take
	exit          *Exit
	words         lastWords

	limits  Limits
	symbols func() *symbols.Table
	exiting []symbols.Call // who ended the program
	deep    []symbols.Call // the stack that took the memory
	probe   probe
	forget  func()          // takes the instance from those that the engine asks; may be nil
	armed   map[int32]int64 // scheduled resumes: deadlines on the guest's monotonic clock
	nextID  int32
}

// programEnv makes the program's collector work harder before it runs into its memory limit.
func (l Limits) programEnv() []string {
	return []string{fmt.Sprintf("GOMEMLIMIT=%d", int64(l.memory())*pageSize*3/4)}
}

// entry returns the context of an entry into the program, which ends it after the CPU limit.
func (in *Instance) entry() (context.Context, context.CancelFunc) {
	in.probe.enters()
	if in.limits.CPU <= 0 {
		return in.ctx, in.probe.leaves
	}
	ctx, cancel := context.WithTimeout(in.ctx, in.limits.CPU)
	return ctx, func() {
		cancel()
		in.probe.leaves()
	}
}

// enter enters the program.
func (in *Instance) enter(f api.Function, args ...uint64) ([]uint64, error) {
	ctx, cancel := in.entry()
	defer cancel()
	results, err := f.Call(ctx, args...)
	return results, in.ended(err)
}

// Start runs a fresh program until it is idle. With describe the program is asked for its manifest and nothing else.
func (e *Engine) Start(ctx context.Context, guest Guest, describe bool) (*Instance, error) {
	if e.program {
		return nil, errors.New("this is a program of github.com/syumai/workers: lattice dev runs it as it is, and its own [build] command makes what Cloudflare runs; lattice build is for programs of the Lattice SDK")
	}
	in := &Instance{guest: guest, describe: describe, limits: e.limits, symbols: e.symbols, armed: map[int32]int64{}}
	in.js = gojs.New(env{in})
	in.ctx = context.WithValue(in.js.Context(ctx), contextKey{}, in)
	mod, err := e.runtime.InstantiateModule(in.ctx, e.module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, fmt.Errorf("instantiate the module: %w", err)
	}
	in.mod = mod
	e.track(in)
	in.deliver, in.resume = mod.ExportedFunction(exportDeliver), mod.ExportedFunction("resume")
	entry, cancel := in.entry()
	err = in.ended(in.js.Start(entry, mod, []string{"lattice"}, e.limits.programEnv()))
	cancel()
	switch {
	case in.refused != nil:
		err = in.refused
	case err == nil && !in.initialised:
		err = errors.New("the module started but did not report to its host: call workers.Run (or workers.Serve) in main")
	}
	if err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// Deliver hands an event to the program, which acts on it at the next Resume.
func (in *Instance) Deliver(frame uint32, event []byte) error {
	if in.exit != nil {
		return in.exit
	}
	at := in.inbox
	if uint32(len(event)) > in.inboxN {
		r, err := in.enter(in.mod.ExportedFunction(exportInbox), uint64(len(event)))
		if err != nil {
			return err
		}
		at = api.DecodeU32(r[0])
	}
	if !in.mod.Memory().Write(at, event) {
		return in.kill("the program gave an inbox outside of its memory")
	}
	_, err := in.enter(in.deliver, uint64(frame), uint64(len(event)))
	return err
}

// Resume runs the program until it is idle.
func (in *Instance) Resume() error {
	if in.exit != nil {
		return in.exit
	}
	_, err := in.enter(in.resume)
	return err
}

// Run runs callback id of the program from inside an operation: abi.RunCommit or abi.RunRollback is its answer. A callback that blocked ends
// the instance.
func (in *Instance) Run(id uint32) int32 {
	r, err := in.mod.ExportedFunction(exportRun).Call(in.ctx, uint64(id))
	if err != nil {
		panic(err)
	}
	answer := api.DecodeI32(r[0])
	if answer != abi.RunCommit && answer != abi.RunRollback {
		panic(errBlocked)
	}
	return answer
}

var errBlocked = errors.New("a transactionSync callback blocked: it must not wait for anything, such as a channel, a timer, or an operation that is not synchronous")

// Deadline returns the earliest scheduled resume on the guest's monotonic clock.
func (in *Instance) Deadline() (nano int64, ok bool) {
	for _, at := range in.armed {
		if !ok || at < nano {
			nano, ok = at, true
		}
	}
	return nano, ok
}

// Memory returns the size of the program's memory in bytes.
func (in *Instance) Memory() int64 { return int64(in.mod.Memory().Size()) }

// Kill ends the instance; cause is what later entries fail with.
func (in *Instance) kill(cause string) error {
	if in.exit == nil {
		in.exit = &Exit{Code: 2, Cause: cause}
		in.Close()
	}
	return in.exit
}

// Close frees the instance's memory. The program must not be running.
func (in *Instance) Close() {
	if in.exit == nil {
		in.exit = &Exit{Cause: "the instance was closed"}
	}
	if in.forget != nil {
		in.forget()
	}
	in.release()
	in.mod.Close(context.Background())
}

// ended turns the failure of an entry into the instance's Exit.
func (in *Instance) ended(err error) error {
	if err == nil {
		in.release()
		return nil
	}
	if in.exit != nil {
		return in.exit
	}
	exit := &Exit{Code: 2}
	var code *sys.ExitError
	switch {
	case errors.Is(err, errBlocked):
		exit.Cause = errBlocked.Error()
	case errors.Is(err, errUnwanted):
		exit.Cause = errUnwanted.Error()
	case errors.As(err, &code) && code.ExitCode() == sys.ExitCodeDeadlineExceeded:
		exit.Cause = fmt.Sprintf("the Go program ran for more than %v without waiting for anything (the CPU limit of this host)", in.limits.CPU)
	case errors.As(err, &code):
		exit.Code = code.ExitCode()
		why := exitCode(exit.Code)
		exit.Stack = in.exiting
		if in.words.held != nil && exit.Code != 0 {
			exit.Text = in.words.take()
			why = cause(exit.Text, exit.Code)
			if _, calls := symbols.ReadTrace(exit.Text); calls != nil {
				exit.Stack = calls
			}
		}
		exit.Cause = "the Go program exited: " + why
		if strings.Contains(why, "out of memory") {
			exit.Cause = fmt.Sprintf("the Go program exceeded the memory limit of its isolate, %d MB: %s", int64(in.limits.memory())*pageSize>>20, why)
		}
	default:
		exit.Stack = in.trapStack(err)
		exit.Cause = trapped(err, exit.Stack)
	}
	if len(in.deep) > 0 {
		at := symbols.Own(in.deep)
		exit.Stack = in.deep
		exit.Cause += fmt.Sprintf(", for the stack of a recursion in %s (%s:%d)", at.Function, at.File, at.Line)
	}
	in.exit = exit
	in.Close()
	return exit
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// env is an Instance as package gojs sees it.
type env struct{ in *Instance }

func (e env) Nanotime() int64     { return e.in.guest.Nanotime() }
func (e env) Walltime() time.Time { return e.in.guest.Walltime() }
func (e env) Random(p []byte)     { e.in.guest.Random(p) }
func (e env) Missing(what string) { e.in.guest.Missing(what) }

// Exit implements gojs.Env: it notes who ends the program.
func (e env) Exit(code int32) {
	if code != 0 {
		e.in.exiting = e.in.callers()
		if bytes.Contains(e.in.words.held, []byte("out of memory")) {
			e.in.deep = e.in.symbols().Deep(e.in.mod.Memory())
		}
	}
}

// Output implements gojs.Env.
func (e env) Output(fd int, p []byte) {
	if fd == 2 {
		p = e.in.words.hear(p)
	}
	if len(p) > 0 {
		e.in.guest.Output(fd, p)
	}
}

func (e env) Schedule(delay time.Duration) int32 {
	e.in.nextID++
	e.in.armed[e.in.nextID] = e.in.guest.Nanotime() + int64(delay)
	return e.in.nextID
}

func (e env) Unschedule(id int32) { delete(e.in.armed, id) }
