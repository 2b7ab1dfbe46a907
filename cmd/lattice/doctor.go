package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"grove.place/lattice/internal/wrangler"
)

const doctorHelp = `lattice doctor [flags] [package]

Looks at this machine and the project, and says how to mend what is wrong: the Go toolchain, the module, the configuration, the compatibility date, the program and
its bindings (as lattice build checks them), its size beside Cloudflare's limits, secrets for development, the port and the folder of lattice dev, credentials
for deployments (whether they are there, never what they are), and wrangler, which is not needed.

  ok       fine
  note     worth knowing
  warning  something does not work that you may not need now
  error    to be mended: the exit code is 1

Outside a project only the machine is looked at. Nothing is sent anywhere, and nothing is written.
`

// verdict is how a check has gone.
type verdict string

const (
	fine   verdict = "ok"
	noted  verdict = "note"
	warned verdict = "warning"
	wrong  verdict = "error"
)

// finding is what a check says. Mend is what to do.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Text    string  `json:"text"`
	Mend    string  `json:"mend,omitempty"`
}

// errToMend is behind the exit code of a doctor who found an error. It has been said.
var errToMend = exitStatus(exitFailure)

// doctor makes the checks, in an order in which later ones use what earlier ones found.
type doctor struct {
	project
	findings []finding
	progress io.Writer
	cfg      *wrangler.Config
	dir      string // of the project: the configuration's, or else the working directory
	noGo     bool
	uses     bool // the module requires Lattice
}

func (d *doctor) say(check string, v verdict, mend, format string, args ...any) {
	d.findings = append(d.findings, finding{check, v, fmt.Sprintf(format, args...), mend})
}

func runDoctor(ctx context.Context, args []string, out, errs io.Writer) error {
	d := doctor{dir: ".", progress: errs}
	fs := newFlags("doctor", doctorHelp, out, errs)
	d.configFlags(fs)
	asJSON := fs.Bool("json", false, "print JSON")
	var err error
	if d.pkg, err = parse(fs, args, errs); err != nil {
		return err
	}
	if err := d.one(errs); err != nil {
		return err
	}
	for _, check := range []func(context.Context){
		d.toolchain, d.module, d.configuration, d.compatibilityDate, d.program, d.secrets, d.ignored, d.port, d.storage, d.credentials, d.wrangler,
	} {
		check(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if *asJSON {
		err = printJSON(out, struct {
			OK     bool      `json:"ok"`
			Checks []finding `json:"checks"`
		}{d.worst() != wrong, d.findings})
	} else {
		err = d.print(out)
	}
	if err == nil && d.worst() == wrong {
		return errToMend
	}
	return err
}

func (d *doctor) count(v verdict) (n int) {
	for _, f := range d.findings {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

func (d *doctor) worst() verdict {
	for _, v := range []verdict{wrong, warned, noted} {
		if d.count(v) > 0 {
			return v
		}
	}
	return fine
}

func (d *doctor) print(out io.Writer) error {
	for _, f := range d.findings {
		lines := strings.Split(f.Text, "\n")
		fmt.Fprintf(out, "%-8s %-14s %s\n", f.Verdict, f.Check, lines[0])
		for _, line := range lines[1:] {
			fmt.Fprintf(out, "%s%s\n", strings.Repeat(" ", 24), line)
		}
		if f.Mend != "" {
			fmt.Fprintf(out, "%s→ %s\n", strings.Repeat(" ", 24), strings.ReplaceAll(f.Mend, "\n", "\n"+strings.Repeat(" ", 26)))
		}
	}
	text := "all is well"
	if d.worst() == wrong || d.worst() == warned {
		text = fmt.Sprintf("%s, %s", count(d.count(wrong), "error"), count(d.count(warned), "warning"))
	}
	_, err := fmt.Fprintf(out, "\n%s\n", text)
	return err
}

// slowly tells people what goes on, when it takes longer than a second.
func (d *doctor) slowly(what string, do func()) {
	t := time.AfterFunc(time.Second, func() { fmt.Fprintln(d.progress, what+" …") })
	defer t.Stop()
	do()
}

// goModule is what `go list -m -json` says of a module.
type goModule struct {
	Path    string
	Version string
	Dir     string
	Replace *goModule
	Error   *struct{ Err string }
}

func (d *doctor) module(ctx context.Context) {
	project := len(d.configs) > 0
	if p, _ := wrangler.Find("."); !project {
		_, err := os.Stat(p)
		d.dir, project = filepath.Dir(p), err == nil
	}
	if d.noGo {
		return
	}
	text, err := goOutput(ctx, d.dir, "env", "GOMOD")
	if err != nil || text == "" || text == "/dev/null" || text == "NUL" {
		if project {
			d.say("module", wrong, "go mod init NAME && go get -tool "+latticePath+"/cmd/lattice && go mod tidy", "the configuration is in no Go module")
		} else {
			d.say("module", noted, "lattice new hello", "this folder is in no Go module")
		}
		return
	}
	root := filepath.Dir(text)
	text, err = goOutput(ctx, d.dir, "list", "-m", "-e", "-json", latticePath)
	var m goModule
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		d.brokenModule(strings.TrimSpace(string(failed.Stderr)))
		return
	}
	if json.Unmarshal([]byte(text), &m) != nil {
		d.say("module", warned, "", "go list -m says what this command does not know")
		return
	}
	d.uses = m.Error == nil
	switch mine := version(); {
	case m.Error != nil && strings.Contains(m.Error.Err, "not a known dependency"):
		d.say("module", warned, "go get -tool "+latticePath+"/cmd/lattice", "go.mod does not require %s", latticePath)
	case m.Error != nil:
		d.brokenModule(m.Error.Err)
	case m.Replace != nil && m.Replace.Version == "" && noFolder(root, m.Replace.Path):
		d.say("module", wrong, "put a checkout of Lattice there, or name another: go mod edit -replace "+latticePath+"=FOLDER",
			"go.mod replaces %s by %s, where there is none", latticePath, m.Replace.Path)
	case m.Replace != nil:
		d.say("module", fine, "", "%s is replaced by %s", latticePath, m.Replace.Path)
	case m.Version == "": // the module itself
		d.say("module", fine, "", "this is %s itself", latticePath)
	case m.Version != mine && mine != developmentVersion:
		d.say("module", warned, "use `go tool lattice`, or `go get "+latticePath+"@"+mine+"`", "go.mod requires Lattice %s, and this command is %s", m.Version, mine)
	default:
		d.say("module", fine, "", "Lattice %s", m.Version)
	}
}

// brokenModule says what the go command has against go.mod.
func (d *doctor) brokenModule(why string) {
	if strings.Contains(why, "requires go >=") {
		d.say("go", wrong, "install the release that go.mod names, or a later one, from https://go.dev/dl/", "%s", why)
		return
	}
	d.say("module", wrong, "mend go.mod, or try go mod tidy", "%s", why)
}

// noFolder reports whether a folder that go.mod names, from root, is not there.
func noFolder(root, path string) bool {
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, path)
	}
	info, err := os.Stat(path)
	return err != nil || !info.IsDir()
}

func (d *doctor) configuration(context.Context) {
	cfg, _, err := d.load()
	switch {
	case errors.Is(err, wrangler.ErrMissing) && len(d.configs) == 0 && d.uses:
		d.say("configuration", warned, "go to the folder that has it, or name it with --config", "this module uses Lattice, but there is no wrangler.toml, wrangler.json or wrangler.jsonc here or above")
	case errors.Is(err, wrangler.ErrMissing) && len(d.configs) == 0:
		d.say("configuration", noted, "lattice new hello", "there is no wrangler.toml, wrangler.json or wrangler.jsonc here or above: this is no project")
	case err != nil:
		d.say("configuration", wrong, "docs/configuration.md has every key", "%v", err)
	default:
		d.cfg, d.dir = cfg, cfg.Dir()
		for _, w := range cfg.Warnings {
			d.say("configuration", warned, "", "%s", w.At(cfg.Path))
		}
		name := cfg.Name
		if name == "" {
			name = "a Worker without a name"
		}
		d.say("configuration", fine, "", "%s: %s", cfg.Path, name)
	}
}
