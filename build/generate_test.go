package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/internal/abi"
)

func described(classes ...abi.Value) abi.Object {
	return abi.Object{
		{Name: "abi", Value: int64(1)}, {Name: "go", Value: "go1.26.8"}, {Name: "fetch", Value: true}, {Name: "scheduled", Value: false},
		{Name: "classes", Value: abi.Array(classes)}, {Name: "types", Value: "interface P {}"},
	}
}

func describedClass(name string) abi.Object {
	return abi.Object{
		{Name: "name", Value: name}, {Name: "fetch", Value: true}, {Name: "alarm", Value: false},
		{Name: "webSocketMessage", Value: false}, {Name: "webSocketClose", Value: false}, {Name: "webSocketError", Value: false},
		{Name: "methods", Value: abi.Array{abi.Object{{Name: "name", Value: "m"}, {Name: "signature", Value: "(): Promise<void>"}}}},
	}
}

func TestManifestFromWhatTheModuleSays(t *testing.T) {
	m, err := manifestOf(described(describedClass("A"), describedClass("B")))
	if err != nil {
		t.Fatal(err)
	}
	if m.ABI != 1 || m.Go != "go1.26.8" || !m.Fetch || m.Scheduled || m.Types != "interface P {}" || len(m.Classes) != 2 {
		t.Errorf("manifest = %+v", m)
	}
	if c := m.class("B"); c == nil || !c.Fetch || c.Alarm || c.Methods[0] != (Method{Name: "m", Signature: "(): Promise<void>"}) {
		t.Errorf("class B = %+v", c)
	}
}

func TestManifestRefusals(t *testing.T) {
	for _, k := range []struct {
		name  string
		value abi.Value
		want  string
	}{
		{"not an object", "text", "manifest must be an object, not string"},
		{"a class of the wrong shape", described("A"), "class must be an object, not string"},
		{"a missing property", abi.Object{}, "abi must be an integer, not abi.Undefined"},
		{"a name JavaScript cannot export", described(describedClass("My-Class")), `class "My-Class": JavaScript cannot export that name`},
		{"a reserved word", described(describedClass("class")), `class "class": the name is taken`},
		{"the same name twice", described(describedClass("A"), describedClass("A")), `class "A": the name is taken`},
	} {
		t.Run(k.name, func(t *testing.T) {
			if _, err := manifestOf(k.value); err == nil || !strings.Contains(err.Error(), k.want) {
				t.Errorf("got %v, want %s", err, k.want)
			}
		})
	}
}

func TestDeclarationsGiveEnvAndClasses(t *testing.T) {
	cfg := config(t, good+"\n[[d1_databases]]\nbinding = \"DB\"\n[[services]]\nbinding = \"AUTH\"\nservice = \"a\"\n[vars]\nTEXT = \"t\"\nLIMITS = { n = 3 }\n")
	got := declarations(sessionManifest(), cfg)
	for _, want := range []string{
		"export interface CreateParams { userId: string }\n",
		"export declare class SessionDO extends DurableObject<Env> {\n  fetch(request: Request): Promise<Response>;\n  alarm(info?: AlarmInvocationInfo): Promise<void>;\n" +
			"  webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): Promise<void>;\n" +
			"  webSocketClose(ws: WebSocket, code: number, reason: string, wasClean: boolean): Promise<void>;\n" +
			"  createSession(params: CreateParams): Promise<Created>;\n  \"list-all\"(): Promise<string[]>;\n}\n",
		"export interface Env {\n  SESSIONS: DurableObjectNamespace<SessionDO>;\n  DB: D1Database;\n  AUTH: Fetcher;\n  LIMITS: {\"n\":3};\n  TEXT: string;\n}\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("declarations lack\n%s\nin\n%s", want, got)
		}
	}
}

func TestBundleExportsTheClasses(t *testing.T) {
	js, err := bundle(sessionManifest())
	if err != nil {
		t.Fatal(err)
	}
	text := string(js)
	for _, want := range []string{
		`import wasm from "./app.wasm";`,
		`{ fetch: true, alarm: true, webSocketMessage: true, webSocketClose: true, webSocketError: false, methods: ["createSession", "list-all"] }`,
		"SessionDO", "as default",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("worker.mjs lacks %s", want)
		}
	}
	for _, gone := range []string{`from "./abi.mjs"`, "shim/index.mjs\";"} {
		if strings.Contains(text, gone) {
			t.Errorf("worker.mjs is not bundled: it has %s", gone)
		}
	}
}

func TestWriteReplacesOnlyWhatDiffers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "dist")
	put := func(text string) {
		t.Helper()
		if err := write(dir, []output{{"same", []byte("same")}, {"other", []byte(text)}}); err != nil {
			t.Fatal(err)
		}
	}
	stat := func(name string) os.FileInfo {
		t.Helper()
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	put("one")
	same, other := stat("same"), stat("other")
	put("two")
	if !os.SameFile(same, stat("same")) {
		t.Error("a file that did not change was written again")
	}
	if os.SameFile(other, stat("other")) {
		t.Error("a file was changed in place, where a reader can see half of it")
	}
	if names, _ := os.ReadDir(dir); len(names) != 2 {
		t.Errorf("temporary files are left: %v", names)
	}
}

func TestSizesAgainstLimits(t *testing.T) {
	if s := Measure(make([]byte, 1<<20), []byte("abc")); s.Raw != 1<<20+3 || s.Gzip < 20 || s.Gzip > 10_000 {
		t.Errorf("sizes = %+v", s)
	}
	for gzip, want := range map[int64]string{FreeLimit: "", FreeLimit + 1: "needs the paid plan", PaidLimit + 1: "more than Cloudflare accepts"} {
		got := strings.Join((Sizes{Raw: gzip, Gzip: gzip}).Warnings(), "")
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%d bytes: %q, want %q", gzip, got, want)
		}
	}
}

func TestPruneKeepsTheNewest(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"old", "middle", "deep/new"} {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(time.Duration(i-3) * time.Hour)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	kept := func(want map[string]bool) {
		t.Helper()
		for name, want := range want {
			if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
				t.Errorf("%s: kept is not %v", name, want)
			}
		}
	}
	prune(dir, 250, 24*time.Hour)
	kept(map[string]bool{"old": false, "middle": true, "deep/new": true})
	prune(dir, 250, 90*time.Minute)
	kept(map[string]bool{"middle": false, "deep/new": true})
}

func TestManifestsAreRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "manifest")
	remember(path, described(describedClass("A")))
	if m, err := remembered(path); err != nil || m.class("A") == nil {
		t.Errorf("got %+v, %v", m, err)
	}
	os.WriteFile(path, []byte("junk"), 0o600)
	if _, err := remembered(path); err == nil {
		t.Error("junk was taken for a manifest")
	}
}
