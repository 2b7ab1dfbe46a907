// Command lattice builds Go programs for Cloudflare Workers and runs them on this machine.
//
//	lattice new NAME          begin a project, from a template
//	lattice dev [package]     build, serve, and build again when a source changes
//	lattice test [packages]   build the program once, and run the project's tests
//	lattice build [package]   compile, describe, bundle and check
//	lattice deploy [package]  build, and put it on Cloudflare; versions, rollback, deployments, triggers, secret, tail, delete, whoami work on what is there
//	lattice d1, kv, r2        work on what dev has stored, as wrangler does, and with --remote on what Cloudflare has
//	lattice queues            create, list and delete queues of Cloudflare
//	lattice objects           look into the Durable Objects of dev, run alarms, evict, delete
//	lattice state             take over what wrangler dev has stored, or delete what dev has
//	lattice profile           what a Worker of dev spends its time on, for go tool pprof
//	lattice types, doctor     TypeScript types; what is wrong, and how to mend it
//	lattice symbolize         put Go names and lines into a log of Cloudflare or workerd
//	lattice completion        complete all that in a shell
//	lattice help [command]    explain
//
// A command is a function and a line of commandList; the commands below one are nested. Help and completion come from their flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"grove.place/lattice/internal/abi"
)

// Exit codes, which `lattice help exit-codes` explains. `lattice test` has those of go test.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// errUsage is the error behind a command line that makes no sense. It has been explained already.
var errUsage = errors.New("usage")

// command is one subcommand. run parses args itself, with flags made by newFlags.
type command struct {
	name  string
	short string
	run   runner
}

var commandList []command

func init() { // not an initialiser: the commands print the list themselves
	commandList = []command{
		{"new", "begin a project", runNew},
		{"build", "compile a program and write build/dist", runBuild},
		{"dev", "serve a program and build it again on changes", runDev},
		{"test", "build the program once and run the project's tests", runTest},
		{"deploy", "build a program and put it on Cloudflare", runDeploy},
		{"versions", "upload, list, view and roll out versions by steps", runVersions},
		{"rollback", "make an earlier version live again", runRollback},
		{"deployments", "list what was live when", runDeployments},
		{"triggers", "set routes, domains, cron triggers and queues alone", runTriggers},
		{"delete", "delete a Worker from Cloudflare", runDelete},
		{"secret", "put, list and delete secrets of a Worker on Cloudflare", runSecret},
		{"tail", "show what a Worker on Cloudflare does, as it does it", runTail},
		{"whoami", "show what the API token may see", runWhoami},
		{"types", "write the program's TypeScript types", runTypes},
		{"doctor", "check the project and this machine, and say how to mend what is wrong", runDoctor},
		{"d1", "execute SQL in a database of dev or of Cloudflare, export it, apply migrations; create one", runD1},
		{"kv", "get, put, list and delete keys of dev or of Cloudflare; create a namespace", runKV},
		{"r2", "get, put and delete objects of dev or of Cloudflare; create a bucket", runR2},
		{"queues", "create, list and delete queues of Cloudflare, and say who consumes them", runQueues},
		{"profile", "what a Worker of dev spends its time on, for go tool pprof", runProfile},
		{"symbolize", "put Go names and lines into a log of Cloudflare or workerd", runSymbolize},
		{"objects", "list, inspect, change and delete the objects of dev", runObjects},
		{"state", "what dev stores: import it from wrangler dev, clear it", runState},
		{"completion", "print a script that completes commands and flags in a shell", runCompletion},
		{"version", "print the version", runVersion},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends a shutdown that takes too long
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if args = behind(args); len(args) == 0 {
		fmt.Fprint(errs, overview())
		return exitUsage
	}
	name, rest := args[0], args[1:]
	if name == completeCommand {
		return complete(rest, out)
	}
	if name == "help" || name == "-h" || name == "--help" || name == "-help" {
		return help(rest, out, errs)
	}
	if name == "-v" || name == "--version" || name == "-version" {
		name = "version"
	}
	for _, c := range commandList {
		if c.name == name {
			return exitCode(c.run(ctx, rest, out, errs), errs)
		}
	}
	return noCommand(args, errs)
}

func exitCode(err error, errs io.Writer) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.As(err, new(exitStatus)):
		status, _ := errors.AsType[exitStatus](err)
		return int(status)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(errs, "lattice: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(errs, "lattice: %v\n", err)
	return exitFailure
}

func runVersion(_ context.Context, args []string, out, errs io.Writer) error {
	fs := newFlags("version", versionHelp, out, errs)
	asJSON := fs.Bool("json", false, "print JSON")
	arg, err := parse(fs, args, errs)
	if err != nil {
		return err
	}
	if arg != "" {
		fmt.Fprintf(errs, "lattice version takes no argument, not %q\n", arg)
		return errUsage
	}
	commit, modified := revision()
	if *asJSON {
		return printJSON(out, struct {
			Version  string `json:"version"`
			Commit   string `json:"commit,omitempty"`
			Modified bool   `json:"modified"`
			ABI      int    `json:"abi"`
			Go       string `json:"go"`
			Platform string `json:"platform"`
		}{version(), commit, modified, abi.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
	}
	if commit != "" {
		commit = ", commit " + commit
	}
	if modified {
		commit += " with changes"
	}
	fmt.Fprintf(out, "lattice %s%s, ABI %d, %s %s/%s\n", version(), commit, abi.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// revision is the commit that the go command found the source at, and whether files had changed since. go install of a version knows of no commit: the
// version is one.
func revision() (commit string, modified bool) {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path != latticePath {
		return "", false
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			modified = s.Value == "true"
		}
	}
	return commit, modified
}

// version is the module's version as the go command recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return developmentVersion
	}
	return info.Main.Version
}
