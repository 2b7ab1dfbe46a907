package workerd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const directScript = `import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
	add() { return this.ctx.storage.sql.exec("SELECT 41 + ? AS n", 1).one().n; }
}
export default {
	async fetch(request, env) { gc(); return new Response(env.GREETING + await env.COUNTER.getByName("a").add()); },
};`

func TestDirectTakesV8Flags(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "worker.mjs"), []byte(directScript), 0o600); err != nil {
		t.Fatal(err)
	}
	worker := Worker{Name: "sample", Dir: dir, Objects: map[string]string{"COUNTER": "Counter"}, Vars: map[string]string{"GREETING": "hello "}}
	d, err := StartDirect(t.Context(), DirectOptions{Worker: worker, V8Flags: []string{"--expose-gc"}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if got := string(get(t, d.URL)); got != "hello 42" {
		t.Errorf("answer is %q", got)
	}
	if d.PID() == 0 {
		t.Error("no PID")
	}
}

func TestStartDirectSaysWhyAScriptDoesNotLoad(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "worker.mjs"), []byte("export default {"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := StartDirect(t.Context(), DirectOptions{Worker: Worker{Name: "broken", Dir: dir}})
	if err == nil {
		d.Close()
		t.Fatal("a script with a syntax error was started")
	}
	if !strings.Contains(err.Error(), "SyntaxError") {
		t.Errorf("the error does not name the fault: %v", err)
	}
}
