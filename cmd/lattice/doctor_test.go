package main

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// examined runs the doctor, and returns its findings as "verdict check text mend".
func examined(t *testing.T, code int, args ...string) (findings []string) {
	t.Helper()
	var out, errs strings.Builder
	if got := run(t.Context(), append([]string{"doctor", "--json"}, args...), &out, &errs); got != code {
		t.Errorf("exit code %d, want %d\n%s%s", got, code, out.String(), errs.String())
	}
	var report struct {
		OK     bool
		Checks []finding
	}
	if err := json.Unmarshal([]byte(out.String()), &report); err != nil || report.OK != (code == exitOK) {
		t.Errorf("%v, OK is %v in\n%s", err, report.OK, out.String())
	}
	for _, f := range report.Checks {
		findings = append(findings, strings.Join([]string{string(f.Verdict), f.Check, f.Text, f.Mend}, " "))
	}
	return findings
}

func expectFindings(t *testing.T, findings []string, want ...string) {
	t.Helper()
	all := strings.Join(findings, "\n")
	for _, w := range want {
		start, rest, _ := strings.Cut(w, "…")
		found := false
		for _, f := range findings {
			found = found || strings.HasPrefix(f, start) && strings.Contains(f, rest)
		}
		if !found {
			t.Errorf("nothing is said like %q:\n%s", w, all)
		}
	}
}

// clearAccount takes away what the machine has of credentials.
func clearAccount(t *testing.T) {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_ENV", "CF_API_TOKEN", "CF_ACCOUNT_ID", "GOOS", "GOARCH"} {
		t.Setenv(name, "")
	}
	dir, err := os.MkdirTemp("", "lattice-config-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // the go command may write its counters there even later
	t.Setenv("XDG_CONFIG_HOME", dir)
}

func TestTheDoctorFindsAGoodProjectWell(t *testing.T) {
	clearAccount(t)
	dir, _ := newProject(t, "object")
	t.Chdir(dir)
	const token = "cm9zZWJ1ZHMtYXJlLW5vdC1wcmludGVk"
	t.Setenv("CLOUDFLARE_API_TOKEN", token)
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", strings.Repeat("0a", 16))
	findings := examined(t, exitOK)
	expectFindings(t, findings, "ok go go1.", "ok module grove.place/lattice is replaced by", "ok configuration wrangler.toml: my-object", "ok date", "ok program fetch, Counter",
		"ok size …gzip", "ok state", "ok credentials CLOUDFLARE_API_TOKEN in the environment", "ok account CLOUDFLARE_ACCOUNT_ID in the environment")
	if all := strings.Join(findings, "\n"); strings.Contains(all, token) || strings.Contains(all, "0a0a") {
		t.Errorf("credentials are printed:\n%s", all)
	}
	if _, err := os.Stat("build"); err == nil {
		t.Error("the doctor has written build")
	}
	if _, err := os.Stat(".lattice"); err == nil {
		t.Error("the doctor has written .lattice")
	}
}

func TestTheDoctorSaysHowToMend(t *testing.T) {
	clearAccount(t)
	dir, _ := newProject(t, "app")
	t.Chdir(dir)
	goInit := exec.Command("git", "init", "-q")
	if out, err := goInit.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	config, err := os.ReadFile("wrangler.toml")
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(config), "[[durable_objects.bindings]]\nname = \"ACTIVITY\"\nclass_name = \"Activity\"\n", "", 1)
	broken = strings.Replace(broken, "compatibility_date", "unheard_of = 1\ncompatibility_date", 1)
	broken = strings.Replace(broken, "2026-10-01", "2199-01-01", 1) + "\n[dev]\nport = " + port + "\n"
	write(t, "wrangler.toml", broken)
	write(t, ".gitignore", "")
	t.Setenv("CLOUDFLARE_API_TOKEN", `"quoted"`)
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", "my account")
	write(t, ".lattice", "")
	t.Setenv("GOFLAGS", "")
	findings := examined(t, exitFailure)
	expectFindings(t, findings, "warning configuration …unheard_of", "error date …in the future", "error program …class Activity has no binding. Add:", "ok secrets",
		"error git git does not ignore .dev.vars…add a line .dev.vars to .gitignore", "warning port port "+port+" of lattice dev is not free…lattice dev --port 0",
		"error state …is a file", "error credentials CLOUDFLARE_API_TOKEN has blanks or quotes in it", "error account …32 hexadecimal digits")
	if all := strings.Join(findings, "\n"); strings.Contains(all, "quoted\"") {
		t.Errorf("the token is printed:\n%s", all)
	}

	if err := os.Remove(".dev.vars"); err != nil {
		t.Fatal(err)
	}
	write(t, "main.go", "package main\n\nfunc main() { undefined() }\n")
	write(t, "wrangler.toml", string(config))
	expectFindings(t, examined(t, exitFailure), "error program …undefined: undefined", "warning secrets lattice dev does not start without SESSION_KEY…write NAME=value lines into .dev.vars")
	write(t, "wrangler.toml", "name = ")
	expectFindings(t, examined(t, exitFailure), "error configuration wrangler.toml:1:")
}

func TestTheDoctorOfAModuleThatIsWrong(t *testing.T) {
	clearAccount(t)
	dir, _ := newProject(t, "worker")
	t.Chdir(dir)
	t.Setenv("GOTOOLCHAIN", "local")
	module, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	replace := regexp.MustCompile(`(?m)^replace .*$`)
	write(t, "go.mod", replace.ReplaceAllString(string(module), "replace grove.place/lattice => ../gone"))
	write(t, ".dev.vars", "A=1\nnonsense\n")
	expectFindings(t, examined(t, exitFailure), "error module go.mod replaces grove.place/lattice by ../gone, where there is none…go mod edit -replace", "warning secrets .dev.vars:2: is skipped")
	write(t, "go.mod", strings.Replace(string(module), "go 1.26.0", "go 1.999.0", 1))
	expectFindings(t, examined(t, exitFailure), "error go go: go.mod requires go >= 1.999.0…install the release that go.mod names")
	write(t, "go.mod", "module a\n")
	expectFindings(t, examined(t, exitFailure), "warning module go.mod does not require grove.place/lattice go get -tool")
	if err := os.Remove("go.mod"); err != nil {
		t.Fatal(err)
	}
	expectFindings(t, examined(t, exitFailure), "error module the configuration is in no Go module go mod init")
	if err := os.Remove("wrangler.toml"); err != nil {
		t.Fatal(err)
	}
	write(t, "go.mod", string(module))
	expectFindings(t, examined(t, exitOK), "warning configuration this module uses Lattice, but there is no wrangler.toml")
}

func TestTheDoctorOfNoProject(t *testing.T) {
	clearAccount(t)
	t.Chdir(t.TempDir())
	expectFindings(t, examined(t, exitOK), "note module this folder is in no Go module lattice new hello", "note configuration …lattice new hello", "note credentials there are none: only deployments need some")
	t.Setenv("PATH", "")
	expectFindings(t, examined(t, exitFailure), "error go the go command is not in PATH install Go")
}

func TestTypesAreWrittenAndChecked(t *testing.T) {
	long(t)
	dir, _ := newProject(t, "object")
	t.Chdir(dir)
	if out := runOK(t, "types"); out != "lattice.d.ts\n" {
		t.Errorf("it says %q", out)
	}
	text, err := os.ReadFile("lattice.d.ts")
	if err != nil || !strings.Contains(string(text), "COUNTERS: DurableObjectNamespace<Counter>;") {
		t.Errorf("%v\n%s", err, text)
	}
	if out := runOK(t, "types", "-o", "-"); out != string(text) {
		t.Errorf("the standard output has\n%s", out)
	}
	runOK(t, "types", "--check")
	source := filepath.Join("counter", "counter.go")
	code, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	write(t, source, strings.Replace(string(code), `"add"`, `"increment"`, 1))
	var out strings.Builder
	if code := run(t.Context(), []string{"types", "--check"}, &out, &out); code != exitFailure || !strings.Contains(out.String(), "lattice.d.ts is out of date: lattice types writes it anew") {
		t.Errorf("exit code %d, %s", code, out.String())
	}
}

func TestTheDoctorKnowsAProgramOfSyumaiWorkers(t *testing.T) {
	clearAccount(t)
	t.Chdir("../../tests/syumai/hello")
	expectFindings(t, examined(t, exitOK), "ok program a program of github.com/syumai/workers: lattice dev runs it as it is, and lattice deploy runs its [build] command")
}
