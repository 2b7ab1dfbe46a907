package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

const (
	latticePath        = "grove.place/lattice"
	developmentVersion = "(development)"
	leastGo            = 26 // go1.26, which go.mod asks for
)

func goOutput(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	text, err := cmd.Output()
	return strings.TrimSpace(string(text)), err
}

var goRelease = regexp.MustCompile(`go1\.(\d+)`)

func (d *doctor) toolchain(ctx context.Context) {
	const mend = "install Go 1.26 or later from https://go.dev/dl/"
	text, err := goOutput(ctx, ".", "version")
	if errors.Is(err, exec.ErrNotFound) {
		d.noGo = true
		d.say("go", wrong, mend, "the go command is not in PATH")
		return
	}
	match := goRelease.FindStringSubmatch(text)
	if err != nil || match == nil {
		d.say("go", wrong, mend, "go version says %q, %v", text, err)
		return
	}
	if n, _ := strconv.Atoi(match[1]); n < leastGo {
		d.say("go", wrong, mend, "%s is too old", match[0])
		return
	}
	for name, host := range map[string]string{"GOOS": runtime.GOOS, "GOARCH": runtime.GOARCH} {
		if v := os.Getenv(name); v != "" && v != host {
			d.say("go", wrong, "unset "+name, "%s=%s is set: lattice compiles for Wasm by itself, and the go command cannot run tests and tools like this", name, v)
		}
	}
	d.say("go", fine, "", "%s", strings.TrimPrefix(text, "go version "))
}

func (d *doctor) compatibilityDate(context.Context) {
	if d.cfg == nil {
		return
	}
	date, err := time.Parse(time.DateOnly, d.cfg.CompatibilityDate)
	now := time.Now().UTC()
	switch {
	case err != nil: // what it must be is checked with the program
	case date.After(now.AddDate(0, 0, 1)):
		d.say("date", wrong, "write a date that has come", "compatibility_date %s is in the future, and Cloudflare refuses it", d.cfg.CompatibilityDate)
	case date.Before(now.AddDate(-1, 0, 0)):
		d.say("date", noted, "read https://developers.cloudflare.com/workers/configuration/compatibility-flags/, and move it on", "compatibility_date %s is more than a year old", d.cfg.CompatibilityDate)
	default:
		d.say("date", fine, "", "compatibility_date %s", d.cfg.CompatibilityDate)
	}
}

func (d *doctor) program(ctx context.Context) {
	if d.cfg == nil || d.noGo {
		return
	}
	cfg, options, err := d.load()
	if err != nil {
		return // said by configuration
	}
	if compile.IsPlain(ctx, options.Dir, options.Package) {
		d.say("program", fine, "", "a program of github.com/syumai/workers: lattice dev runs it as it is, and lattice deploy runs its [build] command and sends what that makes")
		return
	}
	options.NoFiles = true
	own := len(cfg.Warnings)
	var res *build.Result
	d.slowly("building the program", func() { res, err = build.Build(ctx, options) })
	if lines, ok := compilerLines(err); ok {
		d.say("program", wrong, mendProgram(lines), "%s does not compile for Wasm:\n%s", options.Package, lines)
		return
	}
	if err != nil {
		d.say("program", wrong, "", "%v", err)
		return
	}
	for _, w := range res.Warnings {
		if !slices.ContainsFunc(cfg.Warnings[:own], func(known wrangler.Warning) bool { return known.At(cfg.Path) == w }) && !strings.Contains(w, "after gzip") {
			d.say("program", warned, "", "%s", w)
		}
	}
	d.say("program", fine, "", "%s", res.Manifest.Summary())
	const mend = "lattice build --sizes shows what takes the room"
	switch size := res.Sizes.Gzip; {
	case size > build.PaidLimit:
		d.say("size", wrong, mend, "%s", res.Sizes)
	case size > build.FreeLimit:
		d.say("size", warned, "it needs Cloudflare's paid plan, or: "+mend, "%s", res.Sizes)
	case size > build.FreeLimit*9/10:
		d.say("size", noted, mend, "%s", res.Sizes)
	default:
		d.say("size", fine, "", "%s", res.Sizes)
	}
}

var compilerLine = regexp.MustCompile(`(?m)\.go:\d+:\d+: `)

// mendProgram says what to do about what the go command has printed.
func mendProgram(output string) string {
	switch {
	case strings.Contains(output, "replacement directory"):
		return "" // the check of the module has said it
	case strings.Contains(output, "go.sum entry"), strings.Contains(output, "updates to go.mod needed"):
		return "go mod tidy"
	case strings.Contains(output, "no required module provides package"):
		return "go get the packages that are named, or go mod tidy"
	case strings.Contains(output, "directory not found"), strings.Contains(output, "no Go files in"):
		return "name the folder of the program in the command of [build], as lattice build ./FOLDER, or as an argument"
	case compilerLine.MatchString(output):
		return "mend the lines that the compiler names"
	}
	return ""
}

func (d *doctor) secrets(context.Context) {
	if d.cfg == nil {
		return
	}
	set, err := d.cfg.LoadSecrets(d.env)
	if err != nil {
		d.say("secrets", wrong, "", "%v", err)
		return
	}
	for _, note := range set.Notes {
		d.say("secrets", warned, "", "%s", note)
	}
	if len(d.cfg.Secrets) == 0 {
		return
	}
	var missing []string
	for _, name := range d.cfg.Secrets {
		if _, ok := set.Values[name]; !ok && d.cfg.Vars[name].Text == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		d.say("secrets", warned, "write NAME=value lines into "+filepath.Join(d.dir, ".dev.vars"), "lattice dev does not start without %s", strings.Join(missing, ", "))
		return
	}
	d.say("secrets", fine, "", "%s for development", count(len(d.cfg.Secrets), "secret"))
}

// ignored makes sure that git does not take secrets.
func (d *doctor) ignored(ctx context.Context) {
	for _, name := range []string{".dev.vars", ".env"} {
		if _, err := os.Stat(filepath.Join(d.dir, name)); err != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, "git", "check-ignore", "-q", name)
		cmd.Dir = d.dir
		if err, ok := errors.AsType[*exec.ExitError](cmd.Run()); ok && err.ExitCode() == 1 {
			d.say("git", wrong, "add a line "+name+" to .gitignore", "git does not ignore %s, which has secrets", name)
		}
	}
}

func (d *doctor) port(context.Context) {
	port := 8787
	if d.cfg != nil && d.cfg.Dev.Port != nil {
		port = *d.cfg.Dev.Port
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		d.say("port", warned, "end what uses it, or run lattice dev --port 0", "port %d of lattice dev is not free: %v", port, errors.Unwrap(err))
		return
	}
	l.Close()
	if port != 0 {
		d.say("port", fine, "", "%d is free", port)
	}
}

func (d *doctor) storage(context.Context) {
	if d.cfg == nil {
		return
	}
	state := filepath.Join(d.dir, ".lattice", "state")
	if err := local.InUse(state); err != nil {
		d.say("state", noted, "", "%v", err)
		return
	}
	at := state
	for { // the nearest folder that is there
		info, err := os.Stat(at)
		if err == nil && info.IsDir() {
			break
		}
		if err == nil {
			d.say("state", wrong, "move it away", "%s is a file, where lattice dev needs a folder", at)
			return
		}
		at = filepath.Dir(at)
	}
	f, err := os.CreateTemp(at, ".lattice-doctor-")
	if err != nil {
		d.say("state", wrong, "let your user write there, or use --persist-to", "lattice dev cannot store in %s: %v", state, errors.Unwrap(err))
		return
	}
	f.Close()
	os.Remove(f.Name())
	d.say("state", fine, "", "%s", state)
}

// credentials looks whether they are there. Their values stay where they are.
func (d *doctor) credentials(context.Context) {
	const tokens = "make one at https://dash.cloudflare.com/profile/api-tokens (template Edit Cloudflare Workers), and set CLOUDFLARE_API_TOKEN"
	environ, err := d.environ()
	if err != nil {
		d.say("credentials", wrong, "let your user read it", "%v", err)
		return
	}
	o, session, err := credentials(environ)
	switch {
	case errors.Is(err, cloudflare.ErrNoCredentials):
		d.say("credentials", noted, tokens, "there are none: only deployments need some")
	case err != nil:
		d.say("credentials", wrong, "set it anew, without quotes, spaces and line ends", "%v", err)
	case session != nil && time.Until(session.Expires) < 0:
		d.say("credentials", noted, "", "%s, which has expired and is renewed when it is used", o.Source)
	case o.Key != "":
		d.say("credentials", noted, tokens, "%s; a token may do less, and is safer", o.Source)
	default:
		d.say("credentials", fine, "", "%s; lattice whoami shows what it may see", o.Source)
	}
	account, from := o.Account, environ.From("CLOUDFLARE_ACCOUNT_ID")
	if d.cfg != nil {
		if v, _ := d.cfg.Setting("account_id").(string); v != "" {
			account, from = v, "account_id in "+d.cfg.Path
		}
	}
	switch {
	case account == "":
		d.say("account", noted, "set CLOUDFLARE_ACCOUNT_ID, or account_id in the configuration, when the token sees several accounts", "no account is chosen")
	case !accountID.MatchString(account):
		d.say("account", wrong, "copy it from the dashboard: Workers & Pages, Account ID", "%s is not an account's id, which has 32 hexadecimal digits", from)
	default:
		d.say("account", fine, "", "%s", from)
	}
}

var accountID = regexp.MustCompile(`^[0-9a-f]{32}$`)

func (d *doctor) wrangler(context.Context) {
	for at, err := filepath.Abs(d.dir); err == nil; at = filepath.Dir(at) {
		path := filepath.Join(at, "node_modules", ".bin", "wrangler")
		if _, err := os.Stat(path); err == nil {
			d.say("wrangler", fine, "", "%s", path)
			return
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if path, err := exec.LookPath("wrangler"); err == nil {
		d.say("wrangler", fine, "", "%s", path)
		return
	}
	if _, err := exec.LookPath("node"); err == nil {
		d.say("wrangler", noted, "", "wrangler is not installed; Node is, so that npx wrangler would fetch it. Neither is needed to write, run and test")
		return
	}
	d.say("wrangler", noted, "", "neither wrangler nor Node is here. Neither is needed to write, run and test")
}
