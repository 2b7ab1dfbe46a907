package wrangler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// ErrMissing is the error behind a Load of a file that does not exist.
var ErrMissing = errors.New("no such file")

// settings are those that Lattice uses.
type settings struct {
	Name               string            `json:"name"`
	Main               string            `json:"main"`
	CompatibilityDate  string            `json:"compatibility_date"`
	CompatibilityFlags []string          `json:"compatibility_flags"`
	Migrations         []Migration       `json:"migrations"`
	Exports            map[string]Export `json:"exports"`
	Build              Build             `json:"build"`
	PagesDir           string            `json:"pages_build_output_dir"`
	Triggers           struct {
		Crons []string `json:"crons"`
	} `json:"triggers"`

	Vars    map[string]json.RawMessage `json:"vars"`
	Secrets *struct {
		Required []string `json:"required"`
	} `json:"secrets"`
	DurableObjects struct {
		Bindings []ObjectBinding `json:"bindings"`
	} `json:"durable_objects"`
	Databases  []Database    `json:"d1_databases"`
	Services   []Service     `json:"services"`
	KV         []KVNamespace `json:"kv_namespaces"`
	RateLimits []RateLimit   `json:"ratelimits"`
	Datasets   []Dataset     `json:"analytics_engine_datasets"`
	Version    struct {
		Binding string `json:"binding"`
	} `json:"version_metadata"`
	Unsafe struct {
		Bindings []unsafeBinding `json:"bindings"`
	} `json:"unsafe"`
	R2     []Bucket `json:"r2_buckets"`
	Assets *Assets  `json:"assets"`
	Queues struct {
		Producers []Producer `json:"producers"`
		Consumers []Consumer `json:"consumers"`
	} `json:"queues"`
	Dev Dev `json:"dev"`
}

// unsafeBinding is how rate limiters were bound before they had a table of their own.
type unsafeBinding struct {
	RateLimit
	Type string `json:"type"`
}

// Load reads the file at path and applies the environment env; "" is the top level.
func Load(path, env string) (*Config, error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missing(path)
	case err != nil:
		if info, _ := os.Stat(path); info != nil && info.IsDir() {
			return nil, fmt.Errorf("%s: is a folder: name the file in it, %s say", path, filepath.Join(path, "wrangler.toml"))
		}
		return nil, fmt.Errorf("%s: cannot be read: %w", path, errors.Unwrap(err))
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	read := readTOML
	if isJSON(path) {
		read = readJSON
	}
	raw, where, err := read(path, data)
	if err != nil {
		return nil, err
	}
	c := &Config{Path: path, where: where, origin: map[string]string{}}
	d := &diagnosis{Config: c, json: isJSON(path)}
	d.keys("", raw)
	environments, _ := raw["env"].(map[string]any)
	c.Environments = slices.Sorted(maps.Keys(environments))
	c.TopName, _ = raw["name"].(string)
	c.settings = d.environment(raw, environments, env)
	if err := d.err(); err != nil {
		return nil, err // before the values are taken for what they should be
	}
	if err := c.apply(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d.validate()
	return c, d.err()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func missing(path string) error {
	if isJSON(path) {
		return fmt.Errorf(`%s: %w%s; create it with these lines:

{
  "name": "my-worker",
  "main": "build/dist/worker.mjs",
  "compatibility_date": "2026-10-01"
}`, path, ErrMissing, besides(path))
	}
	return fmt.Errorf(`%s: %w%s; create it with these lines:

name = "my-worker"
main = "build/dist/worker.mjs"
compatibility_date = "2026-10-01"

Or go to the folder that has one; `+"`lattice new NAME`"+` begins a project`, path, ErrMissing, besides(path))
}

// apply takes from the settings what Lattice uses. Their shapes have been checked.
func (c *Config) apply() error {
	text, err := json.Marshal(c.settings)
	if err != nil {
		return fmt.Errorf("the settings cannot be written as JSON: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var s settings
	if err := dec.Decode(&s); err != nil {
		return err
	}
	c.Name, c.Main, c.CompatibilityDate, c.CompatibilityFlags = s.Name, s.Main, s.CompatibilityDate, s.CompatibilityFlags
	c.Migrations, c.Exports, c.Build, c.Crons, c.Dev = s.Migrations, s.Exports, s.Build, s.Triggers.Crons, s.Dev
	c.Objects, c.Databases, c.Services, c.KV, c.Buckets = s.DurableObjects.Bindings, s.Databases, s.Services, s.KV, s.R2
	c.Producers, c.Consumers, c.Assets = s.Queues.Producers, s.Queues.Consumers, s.Assets
	c.PagesDir = s.PagesDir
	c.RateLimits, c.Datasets, c.VersionMetadata = s.RateLimits, s.Datasets, s.Version.Binding
	for _, b := range s.Unsafe.Bindings {
		if b.Type == "ratelimit" {
			c.RateLimits = append(c.RateLimits, b.RateLimit)
		}
	}
	for i := range c.Services {
		c.Services[i].Props = numbers(c.Services[i].Props)
	}
	if s.Secrets != nil {
		c.Secrets, c.OnlySecrets = s.Secrets.Required, true
	}
	c.Vars = make(map[string]Var, len(s.Vars))
	for name, raw := range s.Vars {
		v := Var{JSON: string(raw)}
		if json.Unmarshal(raw, &v.Text) == nil && string(raw) != "null" {
			v.JSON = ""
		}
		c.Vars[name] = v
	}
	return nil
}

// numbers has numbers as Go has them.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for name, e := range v {
			v[name] = numbers(e)
		}
	case []any:
		for i, e := range v {
			v[i] = numbers(e)
		}
	}
	return v
}

// diagnosis collects what is wrong with a file.
type diagnosis struct {
	*Config
	json bool
	errs []Warning
}

func (d *diagnosis) fail(path, format string, args ...any) {
	d.errs = append(d.errs, Warning{d.where.of(path), fmt.Sprintf(format, args...)})
}

func (d *diagnosis) warn(path, format string, args ...any) {
	d.Warnings = append(d.Warnings, Warning{d.where.of(path), fmt.Sprintf(format, args...)})
}

// err is all errors in the order of their lines, with the unknown keys that may be behind them; or nil.
func (d *diagnosis) err() error {
	slices.SortStableFunc(d.errs, func(a, b Warning) int { return a.Line - b.Line })
	slices.SortStableFunc(d.Warnings, func(a, b Warning) int { return a.Line - b.Line })
	var errs []error
	for _, e := range d.errs {
		errs = append(errs, errors.New(e.At(d.Path)))
	}
	for _, w := range d.Warnings {
		if len(errs) > 0 && strings.HasPrefix(w.Text, unknownKey) {
			errs = append(errs, errors.New(w.At(d.Path)))
		}
	}
	return errors.Join(errs...)
}

// At is the warning with its place in the file of that path.
func (w Warning) At(path string) string {
	if w.Line > 0 {
		path = fmt.Sprintf("%s:%d", path, w.Line)
	}
	return path + ": " + w.Text
}

// readTOML reads the settings and the places of the keys.
func readTOML(path string, data []byte) (map[string]any, places, error) {
	var raw map[string]any
	if _, err := toml.Decode(string(data), &raw); err != nil {
		return nil, nil, located(path, data, err)
	}
	return plainTable(raw), placesInTOML(string(data)), nil
}

// plainTable has arrays of tables as other arrays are.
func plainTable(table map[string]any) map[string]any {
	for name, v := range table {
		table[name] = plainValue(v)
	}
	return table
}

func plainValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return plainTable(v)
	case []map[string]any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plainTable(e)
		}
		return out
	case []any:
		for i, e := range v {
			v[i] = plainValue(e)
		}
	}
	return v
}

// located puts path:line:column before an error of the TOML library about data. The line is counted here because the
// library's is one too high for an error at the end of a line.
func located(path string, data []byte, err error) error {
	pe, ok := errors.AsType[toml.ParseError](err)
	if !ok {
		return fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "toml: "))
	}
	text := pe.Message
	if pe.LastKey != "" {
		text += fmt.Sprintf(" (after key %q)", pe.LastKey)
	}
	before := data[:max(min(pe.Position.Start, len(data)), 0)]
	line, col := bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("%s:%d:%d: not valid TOML: %s", path, line, col, text)
}

var workerName = regexp.MustCompile(`^$|^[a-z0-9_][a-z0-9-_]*$`)

// now is replaced by tests.
var now = time.Now
