// Package scaffold writes new projects: complete small Workers with tests, of which each shows one way to build with Lattice.
//
// The one idea is that the templates are programs of this repository, which its tools check and its tests run: only their import paths and the name
// my-project are replaced, and a few words in braces. Start with Project.Write.
package scaffold

import (
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

//go:embed all:templates
var files embed.FS

// Template is a kind of project.
type Template struct {
	Name  string
	About string // what the program does
	Try   string // a first thing to do with it
}

// Templates are the kinds of project, the simplest first.
var Templates = []Template{
	{"worker", "it gives links short names, which a KV namespace keeps",
		"Try `curl -X PUT -d https://go.dev/doc localhost:8787/docs`, then `curl -i localhost:8787/docs`. The code is in links/links.go."},
	{"object", "it counts visits, in a Durable Object with a database for each page",
		"Try `curl localhost:8787/home` twice, then `curl localhost:8787/about`. The code is in counter/counter.go."},
	{"chat", "a chat room, whose WebSockets stay open while the room sleeps",
		"Open http://localhost:8787 in two windows. The code is in room/room.go."},
	{"app", "people sign in and write notes; routes, D1, an object, a queue, cron and static files",
		`Open http://localhost:8787. Begin to read in main.go; .dev.vars has the secret.

The first deployment brings a secret of its own, and makes the database, which then gets its tables:

    go tool lattice deploy --secrets-file FILE        # with a line SESSION_KEY=… of 32 characters or more
    go tool lattice d1 migrations apply DB --remote`},
}

// CI are the systems that a project may have a file for.
var CI = []string{"github", "gitlab", "none"}

// latticeModule is what projects are built with.
const latticeModule = "grove.place/lattice"

// Project is what to write.
type Project struct {
	Dir      string // the folder, which is made; what is there already must be empty, but for .git
	Name     string // of the Worker
	Module   string
	Template string
	CI       string

	Version string // of Lattice; not used when there is a Replace
	Replace string // folder of a checkout of Lattice, as go.mod names it
}

var (
	workerName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	modulePath = regexp.MustCompile(`^[A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`)
	// https://go.dev/ref/mod#go-mod-file-ident
	windowsDevice = regexp.MustCompile(`^(con|prn|aux|nul|com\d|lpt\d)$`)
	longestName   = 63 // a part of a domain name: NAME.SUBDOMAIN.workers.dev
	errNameEmpty  = errors.New("a project needs a name")
)

// CheckName says what is wrong with the name of a Worker.
func CheckName(name string) error {
	switch {
	case name == "":
		return errNameEmpty
	case len(name) > longestName:
		return fmt.Errorf("the name %q has %d characters: it is part of an address, which has room for %d", name, len(name), longestName)
	case windowsDevice.MatchString(name):
		return fmt.Errorf("the name %q is that of a device on Windows, and no Go module may have it: choose another, such as %s-worker", name, name)
	case !workerName.MatchString(name) || strings.HasSuffix(name, "-"):
		return fmt.Errorf("the name %q cannot be part of an address: use lower-case letters, digits and dashes, such as %s", name, Suggest(name))
	}
	return nil
}

// Suggest makes a good name of one that is not.
func Suggest(name string) string {
	clean := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
	if clean = strings.Trim(clean[:min(len(clean), longestName)], "-"); len(clean) < 2 {
		return "my-worker"
	}
	return clean
}

// Find returns a template.
func Find(name string) (Template, bool) {
	i := slices.IndexFunc(Templates, func(t Template) bool { return t.Name == name })
	if i < 0 {
		return Template{}, false
	}
	return Templates[i], true
}

// Write makes the folder and its files, whose names it returns. It writes nothing when something is wrong with the project.
func (p Project) Write() (written []string, err error) {
	t, ok := Find(p.Template)
	if !ok {
		return nil, fmt.Errorf("there is no template %q", p.Template)
	}
	if err := CheckName(p.Name); err != nil {
		return nil, err
	}
	if !modulePath.MatchString(p.Module) {
		return nil, fmt.Errorf("%q is not a module path: write it like example.com/%s", p.Module, p.Name)
	}
	if err := empty(p.Dir); err != nil {
		return nil, err
	}
	all, err := p.render(t)
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		to := filepath.Join(p.Dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, err
		}
		mode := fs.FileMode(0o644)
		if f.name == ".dev.vars" {
			mode = 0o600
		}
		if err := os.WriteFile(to, []byte(f.text), mode); err != nil {
			return nil, err
		}
		written = append(written, f.name)
	}
	return written, nil
}

// empty refuses a folder that has something in it.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s is in the way: %w", dir, err)
	}
	for _, e := range entries {
		if e.Name() != ".git" {
			return fmt.Errorf("the folder %s is not empty, it has %s: choose another name, or empty it", dir, e.Name())
		}
	}
	return nil
}

type file struct{ name, text string }

// render returns the files with their text, in the order of their names.
func (p Project) render(t Template) (all []file, err error) {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	texts := map[string]string{"go.mod": p.goMod()}
	for _, dir := range []string{"common", t.Name} { // a template's file goes before the common one
		root := path.Join("templates", dir)
		err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := files.ReadFile(name)
			texts[dotted(strings.TrimPrefix(name, root+"/"))] = string(text)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	switch p.CI {
	case "github", "gitlab":
		text, err := files.ReadFile("templates/ci/" + p.CI + ".yml")
		if err != nil {
			return nil, err
		}
		texts[map[string]string{"github": ".github/workflows/test.yml", "gitlab": ".gitlab-ci.yml"}[p.CI]] = string(text)
	case "", "none":
	default:
		return nil, fmt.Errorf("there is no file for %q: choose one of %s", p.CI, strings.Join(CI, ", "))
	}
	if example := texts[".dev.vars.example"]; strings.Contains(example, "{random}") {
		texts[".dev.vars"] = strings.ReplaceAll(example, "{random}", hex.EncodeToString(random))
		texts[".dev.vars.example"] = strings.ReplaceAll(example, "{random}", "32 characters or more, at random")
	}
	replace := strings.NewReplacer(latticeModule+"/internal/scaffold/templates/"+t.Name, p.Module, "my-project", p.Name, "{about}", t.About, "{try}", t.Try)
	for name, text := range texts {
		text = replace.Replace(text)
		if strings.HasSuffix(name, ".go") { // imports stand in another order under another name
			formatted, err := format.Source([]byte(text))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			text = string(formatted)
		}
		all = append(all, file{name, text})
	}
	slices.SortFunc(all, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// dotted gives files their dots, without which they would count for this repository.
func dotted(name string) string {
	if name == "gitignore" || name == "dev.vars.example" {
		return "." + name
	}
	return name
}

// goMod requires Lattice, and its command as a tool. `go mod tidy` adds the rest.
func (p Project) goMod() string {
	version := p.Version
	if p.Replace != "" {
		version = "v0.0.0"
	}
	text := "module " + p.Module + "\n\ngo 1.26.0\n\ntool " + latticeModule + "/cmd/lattice\n\nrequire " + latticeModule + " " + version + "\n"
	if p.Replace != "" {
		text += "\nreplace " + latticeModule + " => " + quoted(p.Replace) + "\n"
	}
	return text
}

// quoted writes a path as go.mod takes it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\"'`(),;") {
		return fmt.Sprintf("%q", path)
	}
	return path
}
