package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"grove.place/lattice/tests/cloudflareapi"
	"grove.place/lattice/tests/workerd"
)

// bin is the folder of the built command, while the tests run.
var bin string

func TestMain(m *testing.M) {
	var err error
	if bin, err = os.MkdirTemp("", "lattice"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(bin)
	os.Exit(code)
}

// command builds the lattice command once.
var command = sync.OnceValues(func() (string, error) {
	root, err := workerd.Root()
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "lattice"), "./cmd/lattice")
	build.Dir = filepath.Dir(root)
	out, err := build.CombinedOutput()
	if err != nil {
		err = &exec.Error{Name: string(out), Err: err}
	}
	return filepath.Join(bin, "lattice"), err
})

// ran is what a command printed.
type ran struct{ out, errs string }

// project is a folder with a configuration and static files, whose program is tests/hello. PROJECT and REPOSITORY in a file stand for the folders.
type project struct {
	t    *testing.T
	dir  string
	root string // of the repository
}

func newProject(t *testing.T, config string, files map[string]string) *project {
	t.Helper()
	root, _ := repository(t)
	p := &project{t, t.TempDir(), root}
	p.write("wrangler.toml", config)
	for name, text := range files {
		p.write(name, text)
	}
	return p
}

func (p *project) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.NewReplacer("PROJECT", p.dir, "REPOSITORY", p.root).Replace(text)), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// lattice runs the command against a stand-in.
func (p *project) lattice(api *cloudflareapi.Server, stdin string, args ...string) (ran, error) {
	path, err := command()
	if err != nil {
		return ran{}, err
	}
	cmd := exec.CommandContext(p.t.Context(), path, args...)
	cmd.Env = environ(api.Environ()...)
	cmd.Stdin = strings.NewReader(stdin)
	return p.run(cmd)
}

// wrangler runs the real one against a stand-in. lattice is on its PATH.
func (p *project) wrangler(api *cloudflareapi.Server, stdin string, args ...string) (ran, error) {
	cmd, err := workerd.Wrangler(p.t.Context(), args...)
	if err != nil {
		return ran{}, err
	}
	path, err := command()
	if err != nil {
		return ran{}, err
	}
	cmd.Env = environ(append(cmd.Env, api.Environ()...)...)
	cmd.Stdin = strings.NewReader(stdin)
	for i, v := range cmd.Env {
		if rest, ok := strings.CutPrefix(v, "PATH="); ok {
			cmd.Env[i] = "PATH=" + filepath.Dir(path) + ":" + rest
		}
	}
	return p.run(cmd)
}

// environ is the process's environment without what leads to a real account.
func environ(more ...string) (env []string) {
	for _, v := range append(os.Environ(), more...) {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "CLOUDFLARE_") && !strings.HasPrefix(name, "CF_") || strings.Contains(strings.Join(more, "\n"), v) {
			env = append(env, v)
		}
	}
	return env
}

func (p *project) run(cmd *exec.Cmd) (ran, error) {
	var out, errs strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, &out, &errs
	err := cmd.Run()
	for _, text := range []string{out.String(), errs.String()} {
		if strings.Contains(text, cloudflareapi.Token) {
			p.t.Errorf("%v prints the token:\n%s", cmd.Args, text)
		}
	}
	return ran{out.String(), errs.String()}, err
}

// must fails the test when a command did.
func must(t *testing.T) func(r ran, err error) ran {
	return func(r ran, err error) ran {
		t.Helper()
		if err != nil {
			text := r.out + r.errs
			t.Fatalf("%v\n%s", err, text[max(0, len(text)-3000):])
		}
		return r
	}
}
