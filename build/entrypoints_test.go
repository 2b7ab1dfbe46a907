package build

import (
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
)

// entered is a program with the entrypoint Auth, and with methods of its own.
func entered() *Manifest {
	return &Manifest{ABI: 1, Fetch: true, Entrypoints: []Entrypoint{
		{Name: "Auth", Fetch: true, Methods: []Method{{Name: "verify", Signature: "(params: string): Promise<User>"}, {Name: "list-all", Signature: "(): Promise<void>"}}},
		{Name: "default", Methods: []Method{{Name: "health", Signature: "(): Promise<string>"}}},
	}, Types: "export interface User { id: string }"}
}

const enteredHead = "name = \"app\"\nmain = \"build/dist/worker.mjs\"\ncompatibility_date = \"2026-10-01\"\n"

func TestEntrypointsFromWhatTheModuleSays(t *testing.T) {
	method := abi.Object{{Name: "name", Value: "m"}, {Name: "signature", Value: "(): Promise<void>"}}
	entrypoint := func(name string) abi.Object {
		return abi.Object{
			{Name: "name", Value: name}, {Name: "fetch", Value: true}, {Name: "exports", Value: true},
			{Name: "methods", Value: abi.Array{method}}, {Name: "bindings", Value: abi.Array{"AUTH"}},
		}
	}
	with := func(list ...abi.Value) abi.Object {
		return append(described(describedClass("A")), abi.Field{Name: "entrypoints", Value: abi.Array(list)})
	}
	m, err := manifestOf(with(entrypoint("Auth"), entrypoint("default")))
	if err != nil {
		t.Fatal(err)
	}
	e := m.entrypoint("Auth")
	if e == nil || !e.Fetch || !e.Exports || len(e.Methods) != 1 || e.Methods[0].Name != "m" || len(e.Bindings) != 1 || m.entrypoint("default") == nil {
		t.Errorf("%+v", m.Entrypoints)
	}
	if s := m.Summary(); s != "fetch, Auth, A" {
		t.Errorf("summary: %s", s)
	}
	for _, k := range []struct {
		name, want string
		value      abi.Value
	}{
		{"the name of a class", `entrypoint "A": the name is taken`, entrypoint("A")},
		{"a name JavaScript cannot export", `entrypoint "My-Auth": JavaScript cannot export that name`, entrypoint("My-Auth")},
		{"another shape", "entrypoint must be an object, not string", "Auth"},
	} {
		t.Run(k.name, func(t *testing.T) {
			if _, err := manifestOf(with(k.value)); err == nil || !strings.Contains(err.Error(), k.want) {
				t.Errorf("got %v, want %s", err, k.want)
			}
		})
	}
}

func TestBundleExportsEntrypoints(t *testing.T) {
	js, err := bundle(entered())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`entrypointClass(rt, "Auth", { fetch: true, methods: ["verify", "list-all"] })`, `entrypointClass(rt, "default", { fetch: false, methods: ["health"] })`, "Auth,"} {
		if !strings.Contains(string(js), want) {
			t.Errorf("worker.mjs lacks %s", want)
		}
	}
	if js, _ = bundle(sessionManifest()); strings.Contains(string(js), "WorkerEntrypoint") {
		t.Error("a program without entrypoints carries the code of entrypoints")
	}
}

func TestDeclarationsGiveEntrypoints(t *testing.T) {
	cfg := config(t, enteredHead+"[[services]]\nbinding = \"AUTH\"\nservice = \"app\"\nentrypoint = \"Auth\"\n[[services]]\nbinding = \"SELF\"\nservice = \"app\"\n[[services]]\nbinding = \"OTHER\"\nservice = \"other\"\nentrypoint = \"Auth\"\n")
	got := declarations(entered(), cfg)
	for _, want := range []string{
		"import { WorkerEntrypoint } from \"cloudflare:workers\";\n",
		"export declare class Auth extends WorkerEntrypoint<Env> {\n  fetch(request: Request): Promise<Response>;\n  verify(params: string): Promise<User>;\n  \"list-all\"(): Promise<void>;\n}\n",
		"export default class DefaultEntrypoint extends WorkerEntrypoint<Env> {\n  fetch(request: Request): Promise<Response>;\n  health(): Promise<string>;\n}\n",
		"  AUTH: Fetcher<Auth>;\n  SELF: Fetcher<DefaultEntrypoint>;\n  OTHER: Fetcher;\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("declarations lack\n%s\nin\n%s", want, got)
		}
	}
	if strings.Contains(got, "ExportedHandler") {
		t.Error("the Worker is declared twice")
	}
}

func TestCheckOfServiceBindings(t *testing.T) {
	auth := "[[services]]\nbinding = \"AUTH\"\nservice = \"app\"\nentrypoint = \"Auth\"\n"
	looks := func(binding string) *Manifest {
		m := entered()
		m.Entrypoints[0].Bindings = []string{binding}
		return m
	}
	exports := entered()
	exports.Entrypoints[0].Exports = true
	classes := entered()
	classes.Classes = []Class{{Name: "Room", Facets: true}}
	for _, k := range []struct {
		name, text string
		manifest   *Manifest
		want       []string // parts of the error; none: it fits
	}{
		{"an entrypoint that there is", auth, entered(), nil},
		{"the Worker itself", "[[services]]\nbinding = \"SELF\"\nservice = \"app\"\n", entered(), nil},
		{"the Worker itself, by its name", "[[services]]\nbinding = \"SELF\"\nservice = \"app\"\nentrypoint = \"default\"\n", &Manifest{}, nil},
		{"an entrypoint that there is not", strings.Replace(auth, "Auth", "Authn", 1), entered(),
			[]string{`line 7: service binding AUTH goes to entrypoint "Authn" of this Worker, which has the entrypoints Auth. Declare it with workers.Entrypoint("Authn")`}},
		{"an entrypoint of a program without any", auth, &Manifest{}, []string{"which has no entrypoint but its default one"}},
		{"a class", strings.Replace(auth, "Auth", "Room", 1), classes,
			[]string{`line 7: service binding AUTH goes to entrypoint "Room", which is a Durable Object class. In its place write:`, "    [[durable_objects.bindings]]\n    name = \"AUTH\"\n    class_name = \"Room\""}},
		{"an entrypoint of another Worker", strings.Replace(auth, "service = \"app\"", "service = \"other\"", 1), &Manifest{}, nil},
		{"an entrypoint of the same Worker in another environment", auth + "environment = \"staging\"\n", &Manifest{}, nil},
		{"the binding that the program looks for", auth, looks("AUTH"), nil},
		{"no binding that the program looks for", "", looks("AUTH"),
			[]string{"the program looks for entrypoint Auth under the name AUTH, which no service binding has. Add:", "    [[services]]\n    binding = \"AUTH\"\n    service = \"app\"\n    entrypoint = \"Auth\""}},
		{"the name bound to another entrypoint", "[[services]]\nbinding = \"AUTH\"\nservice = \"other\"\n", looks("AUTH"),
			[]string{"line 5: service binding AUTH goes to entrypoint default, but the program looks for entrypoint Auth under that name. It needs:", `    entrypoint = "Auth"`}},
		{"ctx.exports switched off", "compatibility_flags = [\"disable_ctx_exports\"]\n", exports, []string{`compatibility flag "disable_ctx_exports"`}},
	} {
		t.Run(k.name, func(t *testing.T) {
			cfg := config(t, enteredHead+k.text)
			_, err := check(cfg, k.manifest, filepath.Join(cfg.Dir(), "build", "dist"))
			if len(k.want) == 0 && err != nil {
				t.Errorf("it fits, but: %v", err)
			}
			for _, want := range k.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}
