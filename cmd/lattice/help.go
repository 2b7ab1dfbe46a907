package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"grove.place/lattice/internal/habits"
)

const buildHelp = `lattice build [flags] [package]

Compiles a Go program to Wasm, asks it what it contains, and writes to build/dist:

  worker.mjs      the JavaScript that Cloudflare loads: the shim and one class for each Durable Object class and entrypoint
  app.wasm        the program; the local host runs the same bytes
  lattice.d.ts    TypeScript types of classes, entrypoints and Env, for Workers that call them; worker.d.ts leads to it
  manifest.json   what the program contains

wrangler.toml is checked against the program. When a class lacks a binding or a migration, the error has the lines to add.

The package is what the go command takes: a folder like ./workers/site, or an import path. Without one it is the package
that the [build] command of wrangler.toml names, or else the folder that holds wrangler.toml. So with

  [build]
  command = "lattice build ./workers/site"

"wrangler deploy" builds the right program, and "lattice build" and "lattice dev" need no argument. A --small there holds for both, too.

Examples:
  lattice build
  lattice build ./workers/site
  lattice build --sizes | less                      what takes the space: each Go package, and each kind of data
  lattice build --config workers/site/wrangler.toml ./workers/site
`

const devHelp = `lattice dev [flags] [package]

Builds a program and serves it on http://127.0.0.1:8787, without Node and without a Cloudflare account. Objects, key-value
storage and D1 databases are SQLite files under .lattice/state and survive restarts.

When a Go file, an embedded file, the configuration, .dev.vars, .env or a D1 migration changes, the program is built again and takes
over; stored state stays. While it does not compile, the last good build goes on serving.

Variables come from [vars] in the configuration. .dev.vars beside it, or .env where there is none, adds secrets as NAME=value lines and wins over [vars];
--var NAME:value wins over both. --env NAME, or CLOUDFLARE_ENV, chooses an environment. What [secrets] required = ["NAME"] lists must be set; what
.dev.vars.example sets and nothing else does is warned about.

D1 migrations are applied at the start and whenever one is added. --d1-seed DB=demo.sql runs the statements of a file after them, once, when the
database of the binding DB is new: all of them or none. A database that has been there before is left alone. Cron triggers run on time (UTC).

Several Workers run together when -c is given for each: the first answers requests, and its service bindings, Durable Object bindings with
script_name and queues reach the others by the name in their configurations, as theirs reach it. Each is built, watched and replaced on its own: calls wait
while a Worker changes places, and a Worker that does not compile leaves its last good build serving. Lines of the log begin with the name of the
Worker. What they store is in one folder, beside the first configuration; --var and --d1-seed are the first Worker's, --env is everyone's. Programs of
github.com/syumai/workers may be among them.

Addresses that are not the program's:
  GET /healthz                                      200 when the program is ready
  GET /cdn-cgi/handler/scheduled?cron=*+*+*+*+*     run the scheduled handler now; /__scheduled as well, when there are cron triggers or with --test-scheduled; &worker=NAME for that of another Worker

In a terminal, b opens a browser, d the inspector, c clears the console and x ends it, as with wrangler dev; --no-keys leaves the keys alone.

The inspector, on an address of its own that answers to this machine alone, shows requests, logs, objects with what they have stored, alarms, WebSockets, queues, cron
triggers and the clock, and can run, change and delete them: docs/inspector.md. "lattice objects" does so on the command line.

KV, D1 and R2 bindings with remote = true work on the account at Cloudflare when there are credentials (CLOUDFLARE_API_TOKEN, .env, wrangler login); a line at start says so for each.
--local keeps them here.

The package is found as "lattice build" finds it.

Examples:
  lattice dev
  lattice dev --port 9000 ./workers/site
  lattice dev -c app/wrangler.toml -c auth/wrangler.toml   two Workers, of which app answers requests
  lattice dev --host 0.0.0.0                        let other machines connect
  lattice dev --sidecar "go run ./tools/mailcatcher"  run something next to it, and stop it too
  lattice dev --d1-seed DB=demo.sql                 begin with data, where nothing is stored yet
  lattice state clear --yes                         start over with nothing stored
  lattice state import                              go on with what wrangler dev has stored
`

const versionHelp = `lattice version [--json]

Prints the version of this command, the commit that it was built from when that is known, the version of the ABI between a module and its host, and the Go release and the
platform that it was built with.
`

// groups are the commands in the order of someone's work. One that no group has stands with the last.
var groups = []struct {
	title    string
	commands []string
}{
	{"Begin", []string{"new", "doctor"}},
	{"Write", []string{"dev", "test", "build", "types"}},
	{"Look into what is stored", []string{"objects", "d1", "kv", "r2", "queues", "state"}},
	{"Deploy", []string{"deploy", "versions", "rollback", "deployments", "triggers", "secret", "tail", "whoami"}},
	{"More", []string{"profile", "symbolize", "completion", "version"}},
}

// topic is a page of help that is about no command.
type topic struct{ name, short, text string }

var topics = []topic{{"exit-codes", "what the command's exit codes mean", exitCodesHelp}}

const exitCodesHelp = `lattice's exit codes

  0     it is done, and all is well; for lattice dev and tail: it was stopped
  1     it failed, and the last line on the standard error says why; lattice doctor and lattice types --check: something is to be mended
  2     the command line makes no sense: an unknown command or flag, a missing argument
  130   it was interrupted (Ctrl-C, SIGTERM) before it was done

lattice test has the exit code of go test: 0 when all tests pass, 1 when one fails or does not compile. When the program of the project itself does not
build, no test is run, and the code is 1.

Scripts read the standard output, which has results only; progress, warnings and errors go to the standard error. These print JSON with --json: version,
build, doctor, objects, d1 execute, deploy, delete, rollback, whoami, and the commands of versions, deployments, triggers, queues and r2 bucket, secret list, tail,
and d1 and kv namespace where they are about the account. kv key list, kv namespace list and r2 object list always do. A failure has its sentence
on the standard error all the same, and prints no JSON. lattice test -json prints what go test -json does.
`

func overview() string {
	var b strings.Builder
	b.WriteString("lattice builds Go programs for Cloudflare Workers and Durable Objects, and runs them on this machine.\n")
	left := map[string]command{}
	for _, c := range commandList {
		left[c.name] = c
	}
	line := func(c command) {
		fmt.Fprintf(&b, "  lattice %-12s %s\n", c.name, c.short)
		delete(left, c.name)
	}
	for i, g := range groups {
		var mine []command
		for _, name := range g.commands {
			if c, ok := left[name]; ok {
				mine = append(mine, c)
			}
		}
		if len(mine) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n", g.title)
		if i == len(groups)-1 {
			for _, c := range commandList {
				if _, ok := left[c.name]; ok && !slices.Contains(g.commands, c.name) {
					line(c)
				}
			}
		}
		for _, c := range mine {
			line(c)
		}
	}
	b.WriteString("  lattice help         explain a command and its flags, as lattice help d1 execute, or a topic: ")
	for i, t := range topics {
		b.WriteString([]string{"", ", "}[min(i, 1)] + t.name)
	}
	b.WriteString("\n\nStart with: lattice new hello\n")
	return b.String()
}

func help(args []string, out, errs io.Writer) int {
	if len(args) == 0 || args[0] == "help" {
		fmt.Fprint(out, overview())
		return exitOK
	}
	for _, t := range topics {
		if t.name == args[0] {
			fmt.Fprint(out, t.text)
			return exitOK
		}
	}
	for _, c := range commandList {
		if c.name == args[0] {
			return exitCode(c.run(context.Background(), append(slices.Clone(args[1:]), "-h"), out, errs), errs)
		}
	}
	return noCommand(args, errs)
}

// elsewhere are names for what lattice does that other tools have, wrangler has had, or has without showing them.
var elsewhere = map[string]string{
	"create": "lattice new NAME", "generate": "lattice new NAME", "start": "lattice dev", "serve": "lattice dev", "run": "lattice dev",
	"publish": "lattice deploy", "typegen": "lattice types", "sql": "lattice d1 execute", "logs": "lattice tail",
	"kv:key": "lattice kv key", "kv:namespace": "lattice kv namespace", "kv:bulk": "lattice kv bulk", "check": "lattice doctor",
	"telemetry": "always off: nothing is sent anywhere",
}

// noCommand says that there is no command of those words, and which may be meant.
func noCommand(words []string, errs io.Writer) int {
	name := words[0]
	if strings.HasPrefix(name, "-") {
		fmt.Fprintf(errs, "lattice: a command comes before its flags, and there is no flag %s without one: `lattice help` lists the commands\n", name)
		return exitUsage
	}
	var names []string
	for _, c := range commandList {
		names = append(names, c.name)
	}
	hint := ""
	if h, ok := habits.OfCommand(words...); ok && h.Answer() != "" {
		hint = ": " + h.Answer()
	} else if other := elsewhere[name]; other != "" {
		hint = ": here it is " + other
	} else {
		hint = didYouMean(name, names)
	}
	if hint != "" {
		fmt.Fprintf(errs, "lattice: there is no command %q%s\n`lattice help` lists the commands\n", name, hint)
		return exitUsage
	}
	fmt.Fprintf(errs, "%s\nlattice: there is no command %q\n", overview(), name)
	return exitUsage
}
