package wrangler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// ErrMissing is the error behind a Load of a file that does not exist.
var ErrMissing = errors.New("no such file")

// settings is what may stand at the top level and in [env.NAME]; the first group is inherited by environments.
type settings struct {
	Name               string      `toml:"name"`
	Main               string      `toml:"main"`
	CompatibilityDate  any         `toml:"compatibility_date"`
	CompatibilityFlags []string    `toml:"compatibility_flags"`
	Migrations         []Migration `toml:"migrations"`
	Build              Build       `toml:"build"`
	Triggers           *struct {
		Crons []string `toml:"crons"`
	} `toml:"triggers"`

	Vars    map[string]any `toml:"vars"`
	Secrets struct {
		Required []string `toml:"required"`
	} `toml:"secrets"`
	DurableObjects struct {
		Bindings []ObjectBinding `toml:"bindings"`
	} `toml:"durable_objects"`
	Databases  []Database    `toml:"d1_databases"`
	Services   []Service     `toml:"services"`
	KV         []KVNamespace `toml:"kv_namespaces"`
	RateLimits []RateLimit   `toml:"ratelimits"`
	Datasets   []Dataset     `toml:"analytics_engine_datasets"`
	Version    *struct {
		Binding string `toml:"binding"`
	} `toml:"version_metadata"`
	Unsafe struct {
		Bindings []struct {
			RateLimit
			Type string `toml:"type"`
		} `toml:"bindings"`
	} `toml:"unsafe"`
	R2     []Bucket `toml:"r2_buckets"`
	Assets *Assets  `toml:"assets"`
	Queues struct {
		Producers []Producer `toml:"producers"`
		Consumers []Consumer `toml:"consumers"`
	} `toml:"queues"`
}

type file struct {
	settings
	Env map[string]toml.Primitive `toml:"env"`
}

// Load reads the file at path and applies the environment env; "" is the top level.
func Load(path, env string) (*Config, error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missing(path)
	case err != nil:
		return nil, fmt.Errorf("%s: cannot be read: %w", path, errors.Unwrap(err))
	}
	if isJSON(path) {
		return parseJSON(path, data, env)
	}
	return parse(path, data, env, newLineIndex(string(data)))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func missing(path string) error {
	return fmt.Errorf(`%s: %w; create it with these lines:

name = "my-worker"
main = "build/dist/worker.mjs"
compatibility_date = "2026-10-01"`, path, ErrMissing)
}

func parse(path string, data []byte, env string, lines *lineIndex) (*Config, error) {
	var f file
	meta, err := toml.Decode(string(data), &f)
	if err != nil {
		return nil, located(path, data, err)
	}
	c := &Config{Path: path, Environments: slices.Sorted(maps.Keys(f.Env)), lines: lines}
	s := f.settings
	if env != "" {
		if s, err = override(path, data, &meta, f, env); err != nil {
			return nil, err
		}
	}
	if err := c.apply(s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.warn(meta.Undecoded())
	return c, nil
}

// override returns the settings of an environment: its own bindings, and the rest inherited where it says nothing.
func override(path string, data []byte, meta *toml.MetaData, f file, env string) (settings, error) {
	prim, ok := f.Env[env]
	if !ok {
		names := slices.Sorted(maps.Keys(f.Env))
		return settings{}, fmt.Errorf("%s: there is no [env.%s]; environments here: %s", path, env, strings.Join(append(names, "(none)")[:max(1, len(names))], ", "))
	}
	var e settings
	if err := meta.PrimitiveDecode(prim, &e); err != nil {
		return settings{}, located(path, data, err)
	}
	top := f.settings
	if e.Name == "" {
		e.Name = top.Name + "-" + env
	}
	if e.Main == "" {
		e.Main = top.Main
	}
	if e.CompatibilityDate == nil {
		e.CompatibilityDate = top.CompatibilityDate
	}
	if e.CompatibilityFlags == nil {
		e.CompatibilityFlags = top.CompatibilityFlags
	}
	if e.Migrations == nil {
		e.Migrations = top.Migrations
	}
	if e.Build.Command == "" {
		e.Build = top.Build
	}
	if e.Assets == nil {
		e.Assets = top.Assets
	}
	if e.Triggers == nil {
		e.Triggers = top.Triggers
	}
	return e, nil
}

func (c *Config) apply(s settings) error {
	c.Name, c.Main, c.CompatibilityFlags = s.Name, s.Main, s.CompatibilityFlags
	c.Migrations, c.Build, c.Objects = s.Migrations, s.Build, s.DurableObjects.Bindings
	c.Databases, c.Services = s.Databases, s.Services
	if s.Triggers != nil {
		c.Crons = s.Triggers.Crons
	}
	switch d := s.CompatibilityDate.(type) {
	case nil:
	case string:
		c.CompatibilityDate = d
	default:
		return fmt.Errorf(`compatibility_date must be text: compatibility_date = "2026-10-01"`)
	}
	c.RateLimits, c.Datasets = s.RateLimits, s.Datasets
	c.RateLimits = slices.Clone(c.RateLimits)
	for _, b := range s.Unsafe.Bindings { // as rate limiters were bound before they had a table
		if b.Type == "ratelimit" {
			c.RateLimits = append(c.RateLimits, b.RateLimit)
		}
	}
	for i := range c.RateLimits {
		if c.RateLimits[i].Simple.Period == 0 {
			c.RateLimits[i].Simple.Period = 60
		}
	}
	if s.Version != nil {
		c.VersionMetadata = s.Version.Binding
	}
	c.Buckets, c.KV, c.Producers, c.Consumers, c.Assets = s.R2, s.KV, s.Queues.Producers, s.Queues.Consumers, s.Assets
	c.Secrets = s.Secrets.Required
	if err := c.applyVars(s.Vars); err != nil {
		return err
	}
	return c.validate()
}

func (c *Config) applyVars(vars map[string]any) error {
	c.Vars = make(map[string]Var, len(vars))
	for name, v := range vars {
		if text, ok := v.(string); ok {
			c.Vars[name] = Var{Text: text}
			continue
		}
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("vars.%s cannot be written as JSON: %w", name, err)
		}
		c.Vars[name] = Var{JSON: string(b)}
	}
	return nil
}

// validate refuses what would fail later with a worse message: bindings without a name or twice the same.
func (c *Config) validate() error {
	seen := map[string]string{}
	for name := range c.Vars {
		seen[name] = "vars"
	}
	claim := func(name, table, missing string) error {
		if name == "" {
			return fmt.Errorf("an entry of [[%s]] lacks %s", table, missing)
		}
		if other, dup := seen[name]; dup {
			return fmt.Errorf("%q is bound twice: in %s and in %s", name, other, table)
		}
		seen[name] = table
		return nil
	}
	for _, b := range c.Objects {
		if err := claim(b.Name, "durable_objects.bindings", `name = "BINDING"`); err != nil {
			return err
		}
		if b.Class == "" {
			return fmt.Errorf(`durable object binding %q lacks class_name = "Class"`, b.Name)
		}
	}
	for _, d := range c.Databases {
		if err := claim(d.Binding, "d1_databases", `binding = "DB"`); err != nil {
			return err
		}
	}
	for _, s := range c.Services {
		if err := claim(s.Binding, "services", `binding = "NAME"`); err != nil {
			return err
		}
		if s.Service == "" {
			return fmt.Errorf(`service binding %q lacks service = "worker-name"`, s.Binding)
		}
	}
	if c.Assets != nil && c.Assets.Binding != "" {
		if err := claim(c.Assets.Binding, "assets", `binding = "ASSETS"`); err != nil {
			return err
		}
	}
	for _, b := range c.Buckets {
		if err := claim(b.Binding, "r2_buckets", `binding = "BUCKET"`); err != nil {
			return err
		}
	}
	for _, q := range c.Producers {
		if err := claim(q.Binding, "queues.producers", `binding = "QUEUE"`); err != nil {
			return err
		}
		if q.Queue == "" {
			return fmt.Errorf(`queue binding %q lacks queue = "queue-name"`, q.Binding)
		}
	}
	for _, q := range c.Consumers {
		if q.Queue == "" {
			return errors.New(`an entry of [[queues.consumers]] lacks queue = "queue-name"`)
		}
	}
	for _, b := range c.KV {
		if err := claim(b.Binding, "kv_namespaces", `binding = "KV"`); err != nil {
			return err
		}
	}
	for _, b := range c.Datasets {
		if err := claim(b.Binding, "analytics_engine_datasets", `binding = "DATASET"`); err != nil {
			return err
		}
	}
	if c.VersionMetadata != "" {
		if err := claim(c.VersionMetadata, "version_metadata", `binding = "CF_VERSION_METADATA"`); err != nil {
			return err
		}
	}
	for _, l := range c.RateLimits {
		if err := claim(l.Name, "ratelimits", `name = "LIMITER"`); err != nil {
			return err
		}
		if l.Namespace == nil || l.Simple.Limit < 1 || l.Simple.Period != 10 && l.Simple.Period != 60 {
			return fmt.Errorf(`rate limiter %q needs namespace_id = "1001" and simple = { limit = 100, period = 60 }, with a limit of at least 1 and a period of 10 or 60`, l.Name)
		}
	}
	return nil
}

// tomlPrefix is what the TOML library writes before a mismatch of types.
var tomlPrefix = regexp.MustCompile(`^toml: line (\d+) \(last key "([^"]*)"\): `)

// located puts path:line:column before an error of the TOML library about data. The line is counted here because the
// library's is one too high for an error at the end of a line.
func located(path string, data []byte, err error) error {
	if pe, ok := errors.AsType[toml.ParseError](err); ok {
		text := pe.Message
		if pe.LastKey != "" {
			text += fmt.Sprintf(" (after key %q)", pe.LastKey)
		}
		before := data[:min(pe.Position.Start, len(data))]
		line, col := bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n')
		return fmt.Errorf("%s:%d:%d: not valid TOML: %s", path, line, col, text)
	}
	text := err.Error()
	if m := tomlPrefix.FindStringSubmatch(text); m != nil {
		reason := strings.TrimPrefix(text, m[0])
		reason = strings.Replace(reason, "incompatible types: TOML value has type ", "wrong type: this is ", 1)
		reason = strings.Replace(reason, "; destination has type ", ", but it must be ", 1)
		reason = strings.ReplaceAll(reason, "int64", "integer")
		return fmt.Errorf("%s:%s: %s: %s", path, m[1], m[2], reason)
	}
	return fmt.Errorf("%s: %s", path, strings.TrimPrefix(text, "toml: "))
}
