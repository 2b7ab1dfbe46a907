package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/scaffold"
)

// newProject is a project as `lattice new` makes it, without a network. The command's own messages are returned.
func newProject(t *testing.T, template string, flags ...string) (dir, said string) {
	t.Helper()
	t.Setenv("GOPROXY", "off")
	dir = filepath.Join(t.TempDir(), "my-"+template)
	var out, errs strings.Builder
	if code := run(t.Context(), append([]string{"new", dir, "--template", template}, flags...), &out, &errs); code != exitOK || errs.Len() > 0 {
		t.Fatalf("lattice new: exit code %d\n%s%s", code, out.String(), errs.String())
	}
	return dir, out.String()
}

// goCommand runs the go command in a project.
func goCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, text)
	}
}

// runOK runs a command that has to go well.
func runOK(t *testing.T, args ...string) string {
	t.Helper()
	var out strings.Builder
	if code := run(t.Context(), args, &out, &out); code != exitOK {
		t.Errorf("lattice %s: exit code %d\n%s", strings.Join(args, " "), code, out.String())
	}
	return out.String()
}

func TestEachTemplateIsVettedBuiltAndTested(t *testing.T) {
	long(t)
	for _, template := range scaffold.Templates {
		t.Run(template.Name, func(t *testing.T) {
			dir, said := newProject(t, template.Name, "--ci", "github", "--module", "example.com/first/"+template.Name)
			if !strings.Contains(said, "&& go tool lattice test\n  go tool lattice dev\n") {
				t.Errorf("it does not say what comes next:\n%s", said)
			}
			config := filepath.Join(dir, "wrangler.toml")
			goCommand(t, dir, "vet", "./...")
			runOK(t, "build", "--config", config)
			if text := runOK(t, "test", "--config", config); !strings.Contains(text, "ok  \texample.com/first/"+template.Name+"/") || strings.Contains(text, "FAIL") {
				t.Errorf("its tests:\n%s", text)
			}
			if text, err := exec.Command("gofmt", "-l", dir).CombinedOutput(); err != nil || len(text) > 0 {
				t.Errorf("gofmt: %v %s", err, text)
			}
			readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
			if n := strings.Count(string(readme), "\n"); err != nil || n > 16 || strings.Contains(string(readme), "{") {
				t.Errorf("the README has %d lines, %v:\n%s", n, err, readme)
			}
			if _, err := os.Stat(filepath.Join(dir, ".github", "workflows", "test.yml")); err != nil {
				t.Error(err)
			}
		})
	}
}

// The first minutes of someone who starts.
func TestANewProjectIsServed(t *testing.T) {
	dir, _ := newProject(t, "object")
	_, url, stop := dev(t, dir)
	for _, want := range []string{"200 visits: 1", "200 visits: 2"} {
		if got := get(t, url+"/home"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	stop()
}

func TestNewRefuses(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("taken/sub", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("fresh/.git", 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, "file", "")
	for _, k := range []struct {
		args string
		code int
		want string
	}{
		{"taken", exitFailure, "the folder " + filepath.Join(mustGetwd(t), "taken") + " is not empty, it has sub"},
		{"file", exitFailure, "is in the way"},
		{"My_App", exitFailure, `the name "My_App" cannot be part of an address: use lower-case letters, digits and dashes, such as my-app`},
		{"app-", exitFailure, "such as app"},
		{strings.Repeat("a", 64), exitFailure, "has 64 characters"},
		{"fine --module /x", exitFailure, `"/x" is not a module path: write it like example.com/fine`},
		{"con", exitFailure, "a device on Windows"},
		{"fine --ci jenkins", exitUsage, "choose one of github, gitlab, none"},
		{"fine --replace taken", exitFailure, "--replace: taken is no checkout of Lattice"},
		{"fresh --template worker", exitOK, ""},
		{"net --template worker", exitOK, ""}, // a module called net would hide the standard library's
		{"tool --template worker", exitOK, ""},
	} {
		var out, errs strings.Builder
		if code := run(t.Context(), append([]string{"new"}, strings.Split(k.args, " ")...), &out, &errs); code != k.code || !strings.Contains(errs.String(), k.want) {
			t.Errorf("lattice new %s: exit code %d, %q; want %d, %q", k.args, code, errs.String(), k.code, k.want)
		}
	}
	if _, err := os.Stat("fine"); err == nil {
		t.Error("something was written before everything was known to be right")
	}
	for _, name := range []string{"net", "tool"} {
		text, err := os.ReadFile(name + "/go.mod")
		if err != nil || !strings.HasPrefix(string(text), "module example.com/"+name+"\n") {
			t.Errorf("the module is\n%s%v", text, err)
		}
	}
}

func TestWithoutGoPeopleHearWhereItIs(t *testing.T) {
	dir, said := newProject(t, "object")
	if !strings.Contains(said, "with the checkout of Lattice in ") {
		t.Errorf("it does not tell of the replace line:\n%s", said)
	}
	t.Setenv("PATH", t.TempDir())
	config := filepath.Join(dir, "wrangler.toml")
	for _, args := range []string{"dev --port 0 --config " + config, "build --config " + config, "test --config " + config, "new " + filepath.Join(dir, "inner")} {
		var out strings.Builder
		if run(t.Context(), strings.Fields(args), &out, &out); !strings.Contains(out.String(), "https://go.dev/dl/") {
			t.Errorf("lattice %s:\n%s", args, out.String())
		}
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
