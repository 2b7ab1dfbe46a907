package deploy

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"grove.place/lattice/tests/cloudflareapi"
)

// ownConfig is a Worker whose main is JavaScript that adds to the program, with bindings to what is not there yet.
const ownConfig = `name = "own"
main = "src/index.js"
compatibility_date = "2026-10-01"
compatibility_flags = ["nodejs_compat"]
[build]
command = "lattice build --config PROJECT/wrangler.toml ./tests/hello"
cwd = "REPOSITORY"
[define]
GREETING = '"hello"'
[[rules]]
type = "Text"
globs = ["**/*.svg"]
fallthrough = true
[durable_objects]
bindings = [{ name = "COUNTERS", class_name = "Counter" }, { name = "ROOMS", class_name = "Room" }]
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Counter", "Room"]
[[kv_namespaces]]
binding = "MY_CACHE"
[[r2_buckets]]
binding = "FILES"
bucket_name = "absent-files"
[[d1_databases]]
binding = "DB"
[[d1_databases]]
binding = "OLD"
database_name = "base"
[[queues.producers]]
binding = "JOBS"
[[queues.producers]]
binding = "MAIL"
queue = "mail"
delivery_delay = 5
`

var ownFiles = map[string]string{
	"src/index.js": `import worker, { Counter } from "../build/dist/worker.mjs";
import { Room } from "./room.ts";
import page from "./page.html";
import logo from "../logo.svg";
import schema from "./schema.sql";
import data from "./data.bin";
import { shout } from "shouting";
import { Buffer } from "node:buffer";
import * as fs from "fs";
const lazily = require("node:path");
export { Counter, Room };
export default {
	...worker,
	async fetch(request, env, ctx) {
		if (new URL(request.url).pathname === "/js") {
			return new Response(shout(GREETING) + page + logo + schema + data.byteLength + navigator.userAgent + process.env.NODE_ENV + Buffer.from("x") + fs.existsSync("/") + lazily.sep);
		}
		return worker.fetch(request, env, ctx);
	},
};
`,
	"src/room.ts":                         "import { DurableObject } from \"cloudflare:workers\";\nexport class Room extends DurableObject { private n: number = 1; async get(): Promise<number> { return this.n; } }\n",
	"src/page.html":                       "<h1>page</h1>",
	"src/schema.sql":                      "SELECT 1;",
	"src/data.bin":                        "\x01\x02",
	"logo.svg":                            "<svg/>",
	"node_modules/shouting/package.json":  `{"name":"shouting","version":"1.0.0","exports":{"workerd":"./workerd.js","default":"./node.js"}}`,
	"node_modules/shouting/workerd.js":    "export const shout = (text) => text.toUpperCase();",
	"node_modules/shouting/node.js":       "export const shout = () => 'not here';",
	"src/shout.js":                        "export const shout = (text) => text + '!';",
	"node_modules/shouting/unrelated.txt": "no",
}

// ownAllowed are the differences for JavaScript of a project's own.
var ownAllowed = []difference{
	{"POST /r2/buckets: header Content-Type", "wrangler leaves the type of this JSON to fetch, which calls it text"},
}

// What is bundled of JavaScript is what wrangler bundles, byte for byte, and what bindings lack is made as wrangler makes it.
func TestLatticeSendsWhatWranglerSendsForJavaScript(t *testing.T) {
	p := newProject(t, ownConfig, ownFiles)
	start := func() *cloudflareapi.Server {
		api := cloudflareapi.Start(t)
		api.AddDatabase("base", "11111111-1111-1111-1111-111111111111")
		return api
	}
	theirs, ours := start(), start()
	used := map[int]bool{}
	both := func(name string, args ...string) {
		t.Run(name, func(t *testing.T) {
			theirs.Forget()
			ours.Forget()
			must(t)(p.lattice(ours, "", args...))
			must(t)(p.wrangler(theirs, "", args...))
			differ(t, ownAllowed, sent(t, theirs), sent(t, ours), used)
		})
	}
	both("a new Worker", "deploy")
	if w := ours.Worker("own"); w == nil || len(w.Versions[0].Modules) != 7 || !slices.Equal(w.Classes, []string{"Counter", "Room"}) {
		t.Fatalf("the Worker: %+v", w)
	}
	p.write("wrangler.toml", regexp.MustCompile(`\[build\]\n.*\n.*\n`).ReplaceAllString(ownConfig, "")) // the program is there
	both("a Worker that is there, minified", "deploy", "--minify", "--define", "GREETING:'shorter'", "--compatibility-date", "2026-09-01")
	both("a version without a source map", "versions", "upload", "--no-upload-source-maps", "--alias", "shouting:./src/shout.js")
	both("triggers of the command line", "triggers", "deploy", "--routes", "example.com/x/*", "--triggers", "0 1 * * *")
	for i, a := range ownAllowed {
		if !used[i] {
			t.Errorf("the difference %q is allowed, and is none any more: take it off the list", a.place)
		}
	}
}

// A project without Go, whose modules are sent as they are.
func TestLatticeSendsWhatWranglerSendsWithoutBundling(t *testing.T) {
	p := newProject(t, `name = "bare"
main = "site/index.mjs"
compatibility_date = "2026-10-01"
no_bundle = true
[[rules]]
type = "ESModule"
globs = ["**/*.mjs"]
[assets]
directory = "public"
`, map[string]string{
		"site/index.mjs":     "import { x } from \"./lib/x.mjs\";\nimport text from \"./lib/a.txt\";\nexport default { fetch: () => new Response(x + text) };\n//# sourceMappingURL=index.mjs.map\n",
		"site/index.mjs.map": `{"version":3,"sources":["../../src/index.ts"],"sourceRoot":"","names":[],"mappings":"AAAA"}`,
		"site/lib/x.mjs":     "export const x = 1;", "site/lib/a.txt": "a", "site/lib/b.wasm": "\x00asm\x01\x00\x00\x00", "site/note.md": "no",
		"public/a.html": "<p>", "public/b.js": "1",
	})
	theirs, ours := cloudflareapi.Start(t), cloudflareapi.Start(t)
	for _, args := range [][]string{{"deploy"}, {"deploy", "--name", "other", "--domains", "shop.example.com", "--schedule", "* * * * *", "--logpush"}} {
		theirs.Forget()
		ours.Forget()
		must(t)(p.lattice(ours, "", args...))
		must(t)(p.wrangler(theirs, "", args...))
		differ(t, allowed, sent(t, theirs), sent(t, ours), map[int]bool{})
	}
	if w := ours.Worker("other"); w == nil || len(w.Versions[0].Modules) != 5 || !slices.Equal(w.Domains, []string{"shop.example.com"}) {
		t.Errorf("the Worker: %+v", w)
	}
	// Static files alone are a Worker, too.
	p.write("wrangler.toml", "name = \"files\"\ncompatibility_date = \"2026-10-01\"\n[assets]\ndirectory = \"public\"\n")
	for range 2 {
		theirs.Forget()
		ours.Forget()
		must(t)(p.lattice(ours, "", "deploy"))
		must(t)(p.wrangler(theirs, "", "deploy"))
		differ(t, allowed, sent(t, theirs), sent(t, ours), map[int]bool{})
	}
}

// A program of github.com/syumai/workers is deployed as its own file says.
func TestLatticeDeploysAProgramOfSyumaiWorkers(t *testing.T) {
	p := newProject(t, `name = "guestbook"
main = "./build/worker.mjs"
compatibility_date = "2026-10-01"
[build]
command = "go run github.com/syumai/workers/cmd/workers-assets-gen -mode=go -o PROJECT/build && GOOS=js GOARCH=wasm go build -o PROJECT/build/app.wasm ./tests/syumai/kv"
cwd = "REPOSITORY"
[[kv_namespaces]]
binding = "COUNTERS"
id = "00000000000000000000000000000abc"
`, nil)
	theirs, ours := cloudflareapi.Start(t), cloudflareapi.Start(t)
	r := must(t)(p.lattice(ours, "", "deploy"))
	must(t)(p.wrangler(theirs, "", "deploy"))
	differ(t, nil, sent(t, theirs), sent(t, ours), map[int]bool{})
	if !strings.Contains(r.errs, "running: go run github.com/syumai/workers/cmd/workers-assets-gen") {
		t.Errorf("it does not say what it runs:\n%s", r.errs)
	}
	p.write("wrangler.toml", "name = \"guestbook\"\nmain = \"./build/worker.mjs\"\ncompatibility_date = \"2026-10-01\"\n[build]\ncommand = \"echo it broke; exit 3\"\n")
	r, err := p.lattice(ours, "", "deploy")
	if err == nil || !strings.Contains(r.errs, "it broke") || !strings.Contains(r.errs, `wrangler.toml:5: the [build] command "echo it broke; exit 3" failed: exit status 3`) {
		t.Errorf("a command that fails: %v\n%s", err, r.errs)
	}
}
