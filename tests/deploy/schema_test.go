package deploy

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"grove.place/lattice/internal/wrangler"
)

// schema is as much of JSON Schema as wrangler's has.
type schema struct {
	Ref        string            `json:"$ref"`
	AnyOf      []schema          `json:"anyOf"`
	Items      *schema           `json:"items"`
	Properties map[string]schema `json:"properties"`
}

// beyond are keys that wrangler takes and its schema does not have.
var beyond = []string{"services.environment", "services.dev.*", "r2_buckets.local_dev.*"}

// A new key in wrangler is to be put into the table in internal/wrangler/keys.go, or users are told that it is unknown.
func TestLatticeKnowsTheKeysOfWrangler(t *testing.T) {
	_, tests := repository(t)
	data, err := os.ReadFile(filepath.Join(tests, "node_modules", "wrangler", "config-schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Definitions map[string]schema `json:"definitions"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	topLevel, environment := file.Definitions["RawConfig"].Properties, file.Definitions["RawEnvironment"].Properties
	if len(topLevel) < 80 || len(environment) < 70 {
		t.Fatalf("the schema has %d and %d keys", len(topLevel), len(environment))
	}
	known := map[string]wrangler.Key{}
	for _, k := range wrangler.Keys() {
		known[k.Name] = k
		if _, ok := topLevel[k.Name]; !ok {
			t.Errorf("%s is a key in the table, but wrangler does not know it", k.Name)
		}
		if _, ok := environment[k.Name]; ok != (k.Inherits != "top level only") {
			t.Errorf("%s: %s, but in wrangler's environments it is %v", k.Name, k.Inherits, ok)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(topLevel)) {
		k, ok := known[name]
		if !ok {
			t.Errorf("the table lacks %s", name)
			continue
		}
		theirs := map[string]bool{}
		topLevel[name].paths(file.Definitions, name, theirs, 0)
		compare(t, k.Fields, theirs)
	}
}

// paths collects the keys below one.
func (s schema) paths(all map[string]schema, prefix string, into map[string]bool, depth int) {
	if s.Ref != "" {
		s = all[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
	}
	if depth > 6 {
		return // previews hold settings again
	}
	for _, one := range s.AnyOf {
		one.paths(all, prefix, into, depth+1)
	}
	if s.Items != nil {
		s.Items.paths(all, prefix, into, depth+1)
	}
	for name, p := range s.Properties {
		into[prefix+"."+name] = true
		p.paths(all, prefix+"."+name, into, depth+1)
	}
}

func compare(t *testing.T, ours []string, theirs map[string]bool) {
	open := func(path string) bool { // the table does not look into it
		return slices.ContainsFunc(ours, func(o string) bool {
			prefix, ok := strings.CutSuffix(o, "*")
			return ok && strings.HasPrefix(path, prefix)
		})
	}
	for _, path := range slices.Sorted(maps.Keys(theirs)) {
		if !slices.Contains(ours, path) && !open(path) {
			t.Errorf("the table lacks %s", path)
		}
	}
	for _, path := range ours {
		if !theirs[path] && !strings.HasSuffix(path, "*") && !slices.Contains(beyond, path) && !slices.Contains(beyond, path+".*") {
			t.Errorf("%s is in the table, but not in wrangler's schema", path)
		}
	}
}
