// Package wrangler reads wrangler.toml, wrangler.json and wrangler.jsonc, which tell Cloudflare's wrangler, `lattice build` and
// `lattice dev` what a Worker is called, which bindings it has and which object classes it exports; and .dev.vars and .env, which
// hold secrets for development.
//
// The one idea is a table of every key that wrangler knows (keys.go), with its shape, whether environments inherit it, and what the
// local host makes of it: nothing in a file is passed over in silence. Load returns what Lattice uses, warnings and errors with
// their lines. Start with Config and Load.
package wrangler

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Config is a Worker's configuration with one environment applied.
type Config struct {
	Path         string   // of the file, as given to Load
	Environments []string // the names of all [env.NAME] in the file

	Name               string
	TopName            string // the name at the top level, of which those of environments are made
	Main               string
	CompatibilityDate  string
	CompatibilityFlags []string
	Vars               map[string]Var
	Secrets            []string // required ones
	OnlySecrets        bool     // there is a secrets table: of .dev.vars and .env only Secrets and what Vars have count
	Objects            []ObjectBinding
	Migrations         []Migration
	Exports            map[string]Export // by class, instead of Migrations
	Databases          []Database
	Services           []Service
	Buckets            []Bucket
	KV                 []KVNamespace
	RateLimits         []RateLimit
	Datasets           []Dataset
	VersionMetadata    string // its binding
	Producers          []Producer
	Consumers          []Consumer
	Assets             *Assets
	PagesDir           string // pages_build_output_dir: the static files of a Pages project
	Crons              []string
	Build              Build
	Dev                Dev

	Warnings []Warning

	settings map[string]any    // in effect
	origin   map[string]string // "env.NAME." of each setting that is an environment's
	where    places
}

// Var is a plain-text variable: Text, or any other TOML value as JSON.
type Var struct {
	Text string
	JSON string // set when the value is not a string
}

// ObjectBinding binds a name to a Durable Object class. Script is empty when this Worker has the class itself.
type ObjectBinding struct {
	Name   string `json:"name"`
	Class  string `json:"class_name"`
	Script string `json:"script_name"`
	Env    string `json:"environment"` // of Script
}

// Migration is one step in the life of the object classes.
type Migration struct {
	Tag              string    `json:"tag"`
	NewClasses       []string  `json:"new_classes"`
	NewSQLiteClasses []string  `json:"new_sqlite_classes"`
	DeletedClasses   []string  `json:"deleted_classes"`
	RenamedClasses   []Renamed `json:"renamed_classes"`
	Transferred      []Renamed `json:"transferred_classes"` // from another Worker
}

// Export is an entry of exports; only those of the type durable-object matter here.
type Export struct {
	Type    string `json:"type"`
	State   string `json:"state"`
	Storage string `json:"storage"`
}

// Renamed is a class that goes on under another name.
type Renamed struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Database binds a name to a D1 database.
type Database struct {
	Binding         string `json:"binding"`
	Name            string `json:"database_name"`
	ID              string `json:"database_id"`
	PreviewID       string `json:"preview_database_id"`
	MigrationsDir   string `json:"migrations_dir"`
	MigrationsTable string `json:"migrations_table"`
	Remote          bool   `json:"remote"`
}

// Migrations is the folder with the migrations of the database: migrations_dir, or wrangler's default.
func (d Database) Migrations() string {
	if d.MigrationsDir == "" {
		return "migrations"
	}
	return d.MigrationsDir
}

// Bucket binds a name to an R2 bucket.
type Bucket struct {
	Binding      string `json:"binding"`
	Name         string `json:"bucket_name"`
	PreviewName  string `json:"preview_bucket_name"`
	Jurisdiction string `json:"jurisdiction"`
	Remote       bool   `json:"remote"`
}

// KVNamespace binds a name to a KV namespace.
type KVNamespace struct {
	Binding   string `json:"binding"`
	ID        string `json:"id"`
	PreviewID string `json:"preview_id"`
	Remote    bool   `json:"remote"`
}

// RateLimit binds a name to a rate limiter.
type RateLimit struct {
	Name      string `json:"name"`
	Namespace any    `json:"namespace_id"` // text or an integer
	Simple    struct {
		Limit  int `json:"limit"`
		Period int `json:"period"` // seconds: 10 or 60
	} `json:"simple"`
}

// Dataset binds a name to a dataset of Analytics Engine.
type Dataset struct {
	Binding string `json:"binding"`
	Name    string `json:"dataset"` // default: the binding
	Remote  bool   `json:"remote"`
}

// Producer binds a name to a queue that messages are sent to.
type Producer struct {
	Binding       string `json:"binding"`
	Queue         string `json:"queue"`
	DeliveryDelay int    `json:"delivery_delay"` // seconds
	Remote        bool   `json:"remote"`
}

// Consumer is a queue that the Worker consumes. What is nil is as Cloudflare has it.
type Consumer struct {
	Queue           string `json:"queue"`
	MaxBatchSize    *int   `json:"max_batch_size"`
	MaxBatchTimeout *int   `json:"max_batch_timeout"` // seconds
	MaxRetries      *int   `json:"max_retries"`
	MaxConcurrency  *int   `json:"max_concurrency"`
	DeadLetterQueue string `json:"dead_letter_queue"`
	RetryDelay      int    `json:"retry_delay"` // seconds
	Type            string `json:"type"`
}

// Assets are the static files of the Worker.
type Assets struct {
	Directory        string `json:"directory"`
	Binding          string `json:"binding"`
	HTMLHandling     string `json:"html_handling"`
	NotFoundHandling string `json:"not_found_handling"`
	RunWorkerFirst   any    `json:"run_worker_first"` // true, or a list of paths
}

// WorkerFirst is run_worker_first as a list of paths.
func (a *Assets) WorkerFirst() []string {
	switch v := a.RunWorkerFirst.(type) {
	case bool:
		if v {
			return []string{"/*"}
		}
	case []any:
		var paths []string
		for _, e := range v {
			if p, ok := e.(string); ok {
				paths = append(paths, p)
			}
		}
		return paths
	}
	return nil
}

// Service binds a name to another Worker.
type Service struct {
	Binding     string `json:"binding"`
	Service     string `json:"service"`
	Entrypoint  string `json:"entrypoint"`
	Environment string `json:"environment"`
	Props       any    `json:"props"`
	Remote      bool   `json:"remote"`
}

// Build is the command that makes Main.
type Build struct {
	Command  string `json:"command"`
	Cwd      string `json:"cwd"`
	WatchDir any    `json:"watch_dir"`
}

// Dev is where wrangler dev listens.
type Dev struct {
	IP       string `json:"ip"`
	Port     *int   `json:"port"`
	Protocol string `json:"local_protocol"`
}

// Warning is something odd that does not stop the work. Line is 0 when it is not known.
type Warning struct {
	Line int
	Text string
}

// Dir returns the folder of the file; paths in the file are relative to it.
func (c *Config) Dir() string { return filepath.Dir(c.Path) }

// Abs returns a path of the file, relative to the working directory of the process.
func (c *Config) Abs(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir(), path)
}

// JSON reports whether the file is JSON, and not TOML.
func (c *Config) JSON() bool { return isJSON(c.Path) }

// AssetsFolder is nil when assets.directory is a folder.
func (c *Config) AssetsFolder() error {
	dir := c.Abs(c.Assets.Directory)
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	return errors.New(Warning{c.Line("assets.directory"), fmt.Sprintf("assets.directory: there is no folder %s: make it, or change the line", dir)}.At(c.Path))
}

// Line returns the line of a setting in effect, as "durable_objects.bindings[0].name"; or of the nearest one around it, or 0.
func (c *Config) Line(path string) int {
	key, _, _ := strings.Cut(path, ".")
	key, _, _ = strings.Cut(key, "[")
	return c.where.of(c.origin[key] + path)
}

// LineOf returns the first line below a setting on which value stands as a string, or 0.
func (c *Config) LineOf(path, value string) (line int) {
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case string:
			if at := c.Line(path); v == value && (line == 0 || at < line) {
				line = at
			}
		case []any:
			for i, e := range v {
				walk(element(path, i), e)
			}
		case map[string]any:
			for name, e := range v {
				walk(child(path, name), e)
			}
		}
	}
	walk(path, c.settings[path])
	return line
}

// LiveClasses returns the names of the classes that the migrations, taken in order, leave.
func (c *Config) LiveClasses() []string { return slices.Sorted(maps.Keys(c.liveClasses())) }

// LiveClass reports whether the migrations leave a class of that name, and whether it stores in SQLite.
func (c *Config) LiveClass(name string) (live, sqlite bool) {
	sqlite, live = c.liveClasses()[name]
	return live, sqlite
}

// liveClasses maps each class to whether it stores in SQLite.
func (c *Config) liveClasses() map[string]bool {
	classes := map[string]bool{}
	for _, m := range c.Migrations {
		for _, n := range m.NewClasses {
			classes[n] = false
		}
		for _, n := range m.NewSQLiteClasses {
			classes[n] = true
		}
		for _, r := range m.RenamedClasses {
			if kind, ok := classes[r.From]; ok {
				delete(classes, r.From)
				classes[r.To] = kind
			}
		}
		for _, t := range m.Transferred {
			classes[t.To] = true // whatever it is there
		}
		for _, n := range m.DeletedClasses {
			delete(classes, n)
		}
	}
	for name, e := range c.Exports {
		if e.Type == "durable-object" && (e.State == "" || e.State == "created" || e.State == "expecting-transfer") {
			classes[name] = e.Storage == "sqlite"
		}
	}
	return classes
}

// NextTag proposes a tag for one more migration.
func (c *Config) NextTag() string {
	for n := len(c.Migrations) + 1; ; n++ {
		tag := "v" + strconv.Itoa(n)
		if !slices.ContainsFunc(c.Migrations, func(m Migration) bool { return m.Tag == tag }) {
			return tag
		}
	}
}
