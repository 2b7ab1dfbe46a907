package main

import (
	"bufio"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/build"
	local "grove.place/lattice/local-runtime"
)

// The project's own tests look at what the command gives them.
const looking = `package counter_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"example.com/looked/counter"
	local "grove.place/lattice/local-runtime"
)

func TestTheModuleIsBuiltAlready(t *testing.T) {
	var built []local.Prebuilt
	if err := json.Unmarshal([]byte(os.Getenv(local.PrebuiltVariable)), &built); err != nil || len(built) != 1 || built[0].Import != "example.com/looked" {
		t.Fatalf("built: %+v, %v", built, err)
	}
	want, err := os.ReadFile("../build/dist/app.wasm")
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range []string{"..", "example.com/looked"} {
		if got, err := local.BuildTest(pkg); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is another module, %v", pkg, err)
		}
	}
}

func TestFails(t *testing.T) {
	if counter.Month > 0 {
		t.Error("as it has to")
	}
}
`

func TestTestHandsOverTheModuleFlagsAndExitCode(t *testing.T) {
	long(t)
	dir, _ := newProject(t, "object", "--module", "example.com/looked")
	write(t, filepath.Join(dir, "counter", "looking_test.go"), looking)
	config := filepath.Join(dir, "wrangler.toml")
	for _, k := range []struct {
		flags []string
		code  int
		want  string
	}{
		{[]string{"-run", "TheModule|AMonth", "-v"}, exitOK, "--- PASS: TestACounterForgetsAfterAMonth"},
		{[]string{"-run", "AMonth", "--", "-v", "-run", "Fails"}, exitFailure, "as it has to"},
		{[]string{"--", "-nonsense"}, exitFailure, "flag provided but not defined: -nonsense"},
	} {
		var out strings.Builder
		if code := run(t.Context(), append([]string{"test", "--config", config}, k.flags...), &out, &out); code != k.code || !strings.Contains(out.String(), k.want) {
			t.Errorf("%q: exit code %d, want %d and %q in\n%s", k.flags, code, k.code, k.want, out.String())
		}
	}
	// What turns test2json into JUnit reads the standard output to its end, and nothing else may stand there.
	var out, errs strings.Builder
	run(t.Context(), []string{"test", "--config", config, "--", "-json", "-run", "Fails|Month"}, &out, &errs)
	actions := map[string]int{}
	for lines := bufio.NewScanner(strings.NewReader(out.String())); lines.Scan(); {
		var event struct{ Action, Test string }
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Errorf("%v in %q", err, lines.Text())
		}
		if event.Test != "" {
			actions[event.Action]++
		}
	}
	if actions["pass"] != 1 || actions["fail"] != 1 {
		t.Errorf("events: %v\n%s", actions, errs.String())
	}

	write(t, filepath.Join(dir, "main.go"), "package main\n\nfunc main() { undefined() }\n")
	out.Reset()
	if code := run(t.Context(), []string{"test", "--config", config, "-json"}, &out, &errs); code != exitFailure || !strings.Contains(errs.String(), "undefined: undefined") {
		t.Errorf("a program that does not compile: exit code %d\n%s", code, errs.String())
	}
	// Without events a report would have nothing that is wrong.
	for _, want := range []string{`"Output":"./main.go:3:15: undefined: undefined\n"`, `"Action":"fail","Package":"example.com/looked"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

func TestWhatTestHasBuiltIsUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), build.ModuleFile)
	write(t, file, "a module")
	t.Setenv(local.PrebuiltVariable, `[{"dir": "/nowhere", "import": "example.com/elsewhere", "file": "`+file+`"}]`)
	if module, err := local.BuildTest("example.com/elsewhere"); err != nil || string(module) != "a module" {
		t.Errorf("%q, %v", module, err)
	}
	t.Setenv(local.PrebuiltVariable, "nonsense")
	if _, err := local.BuildTest("./nowhere"); err == nil || !strings.Contains(err.Error(), "unset it") {
		t.Error(err)
	}
}
