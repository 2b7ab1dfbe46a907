package workerd

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const script = `import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
	async add() {
		const n = (this.ctx.storage.kv.get("n") ?? 0) + 1;
		this.ctx.storage.kv.put("n", n);
		return n;
	}
}
let cron = "none";
export default {
	async fetch(request, env) {
		const row = await env.DB.prepare("SELECT 1 + 1 AS sum").first();
		return Response.json({ n: await env.COUNTER.getByName("a").add(), sum: row.sum, greeting: env.GREETING, cron });
	},
	async scheduled(event) { cron = event.cron; },
};`

type answer struct {
	N, Sum   int
	Greeting string
	Cron     string
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d %s %v", url, resp.StatusCode, body, err)
	}
	return body
}

func TestServerKeepsItsStateAcrossARestart(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir, state := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "worker.mjs"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	worker := Worker{Name: "sample", Dir: dir, Objects: map[string]string{"COUNTER": "Counter"}, D1: []string{"DB"}, Vars: map[string]string{"GREETING": "hello"}}
	for want := 1; want <= 2; want++ {
		s, err := Start(ctx, Options{Worker: worker, State: state})
		if err != nil {
			t.Fatal(err)
		}
		get(t, s.Entry+"/cdn-cgi/local/scheduled?cron=*+*+*+*+1")
		var a answer
		if err := json.Unmarshal(get(t, s.URL), &a); err != nil {
			t.Fatal(err)
		}
		if a != (answer{want, 2, "hello", "* * * * 1"}) {
			t.Errorf("run %d answered %+v", want, a)
		}
		if pid, err := s.PID(); err != nil || pid == 0 {
			t.Errorf("PID: %d, %v", pid, err)
		}
		s.Close()
		if _, err := http.Get(s.URL); err == nil {
			t.Error("the server answers after Close")
		}
	}
}

func TestStartSaysWhyAScriptDoesNotLoad(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "worker.mjs"), []byte("export default {"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), Options{Worker: Worker{Name: "broken", Dir: dir}})
	if err == nil {
		s.Close()
		t.Fatal("a script with a syntax error was started")
	}
	if !strings.Contains(err.Error(), "SyntaxError") {
		t.Errorf("the error does not name the fault: %v", err)
	}
}
