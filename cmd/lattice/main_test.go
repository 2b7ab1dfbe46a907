package main

import (
	"context"
	"runtime"
	"strings"
	"testing"
)

// long leaves a test that compiles several programs to make test.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it compiles several programs")
	}
}

func TestCommandLines(t *testing.T) {
	for _, k := range []struct {
		args      string
		code      int
		out, errs string
	}{
		{"", exitUsage, "", "Begin:"},
		{"help", exitOK, "lattice d1  ", ""},
		{"--help", exitOK, "Start with: lattice new", ""},
		{"help dev", exitOK, "GET /healthz", ""},
		{"help build", exitOK, "\n  -c, --config file\n", ""},
		{"help help", exitOK, "Begin:", ""},
		{"test -bench .", exitUsage, "", "lattice test -- -bench ."},
		{"test -json --config /nowhere/wrangler.toml", exitFailure, `"Action":"fail","Package":"lattice"`, "create it"},
		{"test --config /nowhere/wrangler.toml -- -json", exitFailure, `FAIL\tlattice [build failed]`, "lattice new NAME"},
		{"help nothing", exitUsage, "", `no command "nothing"`},
		{"serve", exitUsage, "", `no command "serve": here it is lattice dev`},
		{"biuld", exitUsage, "", `no command "biuld": did you mean "build"?`},
		{"help tset", exitUsage, "", `no command "tset": did you mean "test"?`},
		{"completely", exitUsage, "", `no command "completely"`},
		{"d1 migrations aply DB", exitUsage, "", `no command "migrations aply": did you mean "migrations apply"?`},
		{"help d1 migrations list", exitOK, "-persist-to", ""},
		{"help exit-codes", exitOK, "130", ""},
		{"version --json", exitOK, `"abi": 2`, ""},
		{"version --json", exitOK, `"platform": "` + runtime.GOOS + "/" + runtime.GOARCH + `"`, ""},
		{"version --json", exitOK, `"go": "go1.`, ""},
		{"new", exitUsage, "", "it counts visits, in a Durable Object"},
		{"new a b", exitUsage, "", `one name, not also "b"`},
		{"new a --template nothing", exitUsage, "", "choose one of worker, object, chat, app"},
		{"completion", exitUsage, "", "source <(lattice completion bash)"},
		{"completion bahs", exitUsage, "", `did you mean "bash"?`},
		{"completion fish", exitOK, "complete -c lattice", ""},
		{"doctor a b", exitUsage, "", `one package, not also "b"`},
		{"test --config /nowhere/wrangler.toml", exitFailure, "", "/nowhere/wrangler.toml: no such file; create it"},
		{"dev -h", exitOK, "-persist-to", ""},
		{"version", exitOK, "ABI 2", ""},
		{"--version", exitOK, "ABI 2", ""},
		{"version extra", exitUsage, "", `takes no argument, not "extra"`},
		{"build --nonsense", exitUsage, "", "lattice build: there is no flag --nonsense\n`lattice build -h` lists the flags"},
		{"build ./a ./b", exitUsage, "", `one package, not also "./b"`},
		{"dev --port many", exitUsage, "", `invalid value "many" for --port: it takes a whole number`},
		{"dev --port 70000", exitUsage, "", "--port 70000"},
		{"dev src/index.ts", exitUsage, "", "src/index.ts is no Go package: write its folder"},
		{"types worker-configuration.d.ts", exitUsage, "", "lattice types -o worker-configuration.d.ts"},
		{"dev --var A:1 B:2", exitUsage, "", "write --var B:2"},
		{"dev --var A:1 ./b C:3", exitUsage, "", "write --var C:3"},
		{"dev --isolates -1", exitUsage, "", "--isolates -1"},
		{"dev --d1-seed DB", exitUsage, "", "write it as BINDING=file.sql"},
		{"dev --d1-seed DB=a.sql --d1-seed DB=b.sql", exitUsage, "", "DB has a seed already"},
		{"dev --var NAME=value", exitUsage, "", "write it as NAME:value"},
		{"help d1", exitOK, "lattice d1 export DATABASE", ""},
		{"kv", exitUsage, "", "lattice kv key put"},
		{"r2 object", exitUsage, "", `"object" needs a command after it: delete, get, list, put`},
		{"r2 object copy a b", exitUsage, "", `no command "object copy": after object there is delete, get, list, put`},
		{"dev --prot 1", exitUsage, "", `no flag --prot: did you mean "--port"?`},
		{"dev --port", exitUsage, "", "--port needs a value: --port port"},
		{"dev --warn-turn soon", exitUsage, "", `invalid value "soon" for --warn-turn: it takes a duration`},
		{"dev --local=perhaps", exitUsage, "", `invalid value "perhaps" for --local: it takes true or false`},
		{"dev --log-level loud", exitUsage, "", "write debug, info, warn, error or none"},
		{"publish", exitUsage, "", `no command "publish": here it is lattice deploy`},
		{"kv:key put a b", exitUsage, "", `no command "kv:key": here it is lattice kv key`},
		{"--nonsense", exitUsage, "", "no flag --nonsense without one"},
		{"-c /nowhere/wrangler.toml build", exitFailure, "", "/nowhere/wrangler.toml: no such file; create it"},
		{"--env=staging state path --persist-to /some/where", exitOK, "/some/where\n", ""},
		{"state path --persist-to /some/where --cwd /nowhere", exitUsage, "", `invalid value "/nowhere" for --cwd: no such file or directory`},
		{"kv key list --nonsense", exitUsage, "", "`lattice kv key list -h` lists the flags"},
		{"state", exitUsage, "", "lattice state import"},
		{"state -h", exitOK, "lattice state clear", ""},
		{"help state", exitOK, "lattice state path", ""},
		{"state import -h", exitOK, "--dry-run", ""},
		{"state export", exitUsage, "", `no command "export"`},
		{"state import a b", exitUsage, "", `one folder, not also "b"`},
		{"state clear now", exitUsage, "", `takes no argument, not "now"`},
		{"state path --persist-to /some/where", exitOK, "/some/where\n", ""},
		{"state import --config /nowhere/wrangler.toml", exitFailure, "", "/nowhere/wrangler.toml: no such file; create it"},
		{"build --config /nowhere/wrangler.toml", exitFailure, "", "/nowhere/wrangler.toml: no such file; create it"},
		{"dev --config /nowhere/wrangler.toml", exitFailure, "", "/nowhere/wrangler.toml: no such file; create it"},
	} {
		t.Run(k.args, func(t *testing.T) {
			var out, errs strings.Builder
			if code := run(context.Background(), strings.Fields(k.args), &out, &errs); code != k.code {
				t.Errorf("exit code %d, want %d", code, k.code)
			}
			if !strings.Contains(out.String(), k.out) || k.out == "" && out.Len() > 0 {
				t.Errorf("output %q, want %q in it", out.String(), k.out)
			}
			if !strings.Contains(errs.String(), k.errs) || k.errs == "" && errs.Len() > 0 {
				t.Errorf("errors %q, want %q in it", errs.String(), k.errs)
			}
		})
	}
}
