package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"grove.place/lattice/internal/wrangler"
)

const frontProgram = `package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"grove.place/lattice/workers"
)

func main() {
	workers.Run(workers.Worker{Fetch: http.HandlerFunc(serve), Scheduled: func(ctx context.Context, e workers.ScheduledEvent) error {
		fmt.Println("front was scheduled by", e.Cron)
		return nil
	}})
}

func serve(w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequestWithContext(r.Context(), "GET", "https://x"+r.URL.Path, nil)
	if err != nil {
		panic(err)
	}
	res, err := workers.Service(r.FormValue("to")).Do(req)
	if err != nil {
		fmt.Fprint(w, err)
		return
	}
	defer res.Body.Close()
	fmt.Fprint(w, "front hears ")
	io.Copy(w, res.Body)
}
`

const backProgram = `package main

import (
	"context"
	"fmt"
	"net/http"

	"grove.place/lattice/workers"
)

func main() {
	workers.Run(workers.Worker{Fetch: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "back one: %s %s", r.URL.Path, workers.Getenv(r.Context(), "WHO"))
	}), Scheduled: func(ctx context.Context, e workers.ScheduledEvent) error {
		fmt.Println("back was scheduled by", e.Cron)
		return nil
	}})
}
`

const plainProgram = `//go:build js && wasm

package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/fetch"
)

func main() {
	workers.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := fetch.NewClient(fetch.WithBinding(cloudflare.GetBinding("BACK")))
		req, err := fetch.NewRequest(r.Context(), "GET", "https://x/from-plain", nil)
		if err != nil {
			panic(err)
		}
		res, err := c.Do(req, nil)
		if err != nil {
			fmt.Fprint(w, err)
			return
		}
		body, err := io.ReadAll(res.Body)
		fmt.Fprintf(w, "plain hears %s %v", body, err)
	}))
}
`

// workersProject is a folder with three Workers: two of Lattice, and a program of github.com/syumai/workers.
func workersProject(t *testing.T) (dir string) {
	t.Helper()
	dir = readmeProject(t)
	for _, name := range []string{"main.go", "wrangler.toml"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	services := func(pairs ...string) (text string) {
		for i := 0; i < len(pairs); i += 2 {
			text += fmt.Sprintf("\n[[services]]\nbinding = %q\nservice = %q\n", pairs[i], pairs[i+1])
		}
		return text
	}
	head := "name = %q\nmain = \"build/dist/worker.mjs\"\ncompatibility_date = \"2026-10-01\"\n"
	for path, text := range map[string]string{
		"front/main.go": frontProgram, "back/main.go": backProgram, "plain/main.go": plainProgram,
		"front/wrangler.toml": fmt.Sprintf(head, "front") + "[triggers]\ncrons = [\"1 2 3 4 *\"]\n" + services("BACK", "back", "PLAIN", "plain", "GONE", "gone"),
		"back/wrangler.toml":  fmt.Sprintf(head, "back") + "[triggers]\ncrons = [\"5 6 7 8 *\"]\n",
		"back/.dev.vars":      "WHO=a secret\n",
		"plain/wrangler.toml": strings.Replace(fmt.Sprintf(head, "plain"), "build/dist", "build", 1) + services("BACK", "back"),
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, text)
	}
	return dir
}

func configs(dir string, names ...string) (args []string) {
	for _, name := range names {
		args = append(args, "-c", filepath.Join(dir, name, "wrangler.toml"))
	}
	return args
}

func TestDevRunsSeveralWorkers(t *testing.T) {
	long(t)
	dir := workersProject(t)
	names := []string{"front", "back", "plain"}
	out, _ := startArgs(t, configs(dir, names...)...)
	match, _ := out.await(t, 0, `lattice dev on (http://\S+): front; `+strings.Join(names[1:], ", ")+" by bindings")
	url := match[1]
	out.await(t, 0, `(?m)\[front\] ready on http://\S+ \(`)
	_, at := out.await(t, 0, `(?m)\[back\] ready \(`)
	out.await(t, 0, `(?m)\[plain\] ready \(`)
	out.await(t, 0, `\[front\] `+regexp.QuoteMeta(filepath.Join(dir, "front", "wrangler.toml"))+`:\d+: service binding GONE leads to the Worker "gone", which does not run here, so calls fail: start it as well`)
	want := func(path, want string) {
		t.Helper()
		if got := get(t, url+path); got != want {
			t.Errorf("GET %s: %s, want %s", path, got, want)
		}
	}
	want("/healthz", "200 ok")
	page, _ := out.await(t, 0, `inspector on (http://localhost:\d+/)`)
	want("/a?to=BACK", "200 front hears back one: /a a secret")
	want("/b?to=PLAIN", "200 front hears plain hears back one: /from-plain a secret <nil>")
	if got := get(t, page[1]+"requests?worker=back"); !regexp.MustCompile(`(?s)GET /a.*↳ fetch GET /a</td><td>back<`).MatchString(got) {
		t.Errorf("the inspector does not show whom the Workers called: %s", got)
	}
	if got := get(t, url+"/c?to=GONE"); !strings.Contains(got, `Worker "gone" not found. Make sure it is running locally.`) {
		t.Error(got)
	}
	want("/cdn-cgi/handler/scheduled?cron=1", "200 ok")
	out.await(t, 0, `\[front\] front was scheduled by 1`)
	want("/cdn-cgi/handler/scheduled?cron=2&worker=back", "200 ok")
	out.await(t, 0, `\[back\] back was scheduled by 2`)

	source := filepath.Join(dir, "back", "main.go")
	write(t, source, strings.Replace(backProgram, "back one", "back (", 1)+"nonsense")
	_, at = out.await(t, at, `\[back\] not built; the last good build goes on serving`)
	want("/a?to=BACK", "200 front hears back one: /a a secret")
	write(t, source, strings.Replace(backProgram, "back one", "back two", 1))
	out.await(t, at, `\[back\] ready \(`)
	want("/a?to=BACK", "200 front hears back two: /a a secret")
	want("/b?to=PLAIN", "200 front hears plain hears back two: /from-plain a secret <nil>")
}

// What does not build at first fails its callers with the reason, and not the others.
func TestDevSaysWhichWorkerDoesNotRun(t *testing.T) {
	dir := workersProject(t)
	source := filepath.Join(dir, "back", "main.go")
	write(t, source, backProgram+"nonsense")
	out, _ := startArgs(t, configs(dir, "front", "back")...)
	match, _ := out.await(t, 0, `\[front\] ready on (http://\S+)`)
	_, at := out.await(t, 0, `\[back\] not built; waiting for a change:`)
	if got := get(t, match[1]+"/a?to=BACK"); !strings.Contains(got, `the Worker "back" is not running: `) || !strings.Contains(got, "syntax error") {
		t.Error(got)
	}
	if got := get(t, match[1]+"/healthz"); !strings.HasPrefix(got, "503 ") {
		t.Error(got)
	}
	write(t, source, backProgram)
	out.await(t, at, `\[back\] ready \(`)
	if got := get(t, match[1]+"/a?to=BACK"); got != "200 front hears back one: /a a secret" {
		t.Error(got)
	}
	write(t, filepath.Join(dir, "back", "wrangler.toml"), "name = \"other\"\nmain = \"build/dist/worker.mjs\"\ncompatibility_date = \"2026-10-01\"\n")
	out.await(t, at, `the Worker was called "back" when lattice dev began, and is "other" now: start it again`)
}

func TestDevRefusesWorkersThatDoNotFit(t *testing.T) {
	dir := workersProject(t)
	write(t, filepath.Join(dir, "back", "same.toml"), "name = \"third\"\nmain = \"build/dist/worker.mjs\"\ncompatibility_date = \"2026-10-01\"\n")
	write(t, filepath.Join(dir, "plain", "named.toml"), "name = \"front\"\nmain = \"build/dist/worker.mjs\"\ncompatibility_date = \"2026-10-01\"\n")
	back := configs(dir, "back")
	for _, k := range []struct {
		args []string
		want string
	}{
		{append(configs(dir, "front"), "-c", filepath.Join(dir, "plain", "named.toml")), `another of the Workers is called "front", too`},
		{append(back, "-c", filepath.Join(dir, "back", "same.toml")), `give each a main of its own, as main = "build/third/worker.mjs"`},
		{append(configs(dir, "front", "back"), "./front"), "the package is of one Worker"},
		{append(configs(dir, "front", "back"), "--out", "x"), "--out is of one Worker"},
	} {
		var out log
		out.changed = make(chan struct{})
		if code := run(t.Context(), append([]string{"dev", "--port", "0"}, k.args...), &out, &out); code == exitOK || !strings.Contains(out.text.String(), k.want) {
			t.Errorf("%q: exit code %d, %s", k.args, code, out.text.String())
		}
	}
	var out log
	out.changed = make(chan struct{})
	if code := run(t.Context(), append([]string{"build"}, configs(dir, "front", "back")...), &out, &out); code != exitUsage {
		t.Errorf("lattice build of two: exit code %d, %s", code, out.text.String())
	}
}

func TestDevSaysWhichStoresGoByAnotherName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wrangler.toml")
	write(t, path, "name = \"app\"\n[[kv_namespaces]]\nbinding = \"A\"\nid = \"<your id>\"\n[[kv_namespaces]]\nbinding = \"B\"\nid = \"0123abcd\"\n[[d1_databases]]\nbinding = \"DB\"\ndatabase_name = \"my data\"\n")
	cfg, err := wrangler.Load(path, "")
	if err != nil {
		t.Fatal(err)
	}
	before := len(cfg.Warnings)
	warnNames(cfg)
	var got []string
	for _, w := range cfg.Warnings[before:] {
		got = append(got, fmt.Sprintf("%d: %s", w.Line, w.Text[:strings.Index(w.Text, " cannot")]))
	}
	if want := []string{`4: the id "<your id>"`, `10: the database_name "my data"`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
