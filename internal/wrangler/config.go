// Package wrangler reads wrangler.toml, the file that tells Cloudflare's wrangler, `lattice build` and `lattice dev` what
// a Worker is called, which bindings it has and which object classes it exports; and .dev.vars, which holds secrets for
// development.
//
// Load returns what Lattice uses, warnings about keys nobody knows, and errors that name the line. Start with Config.
package wrangler

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
)

// Config is a Worker's configuration with one environment applied.
type Config struct {
	Path         string   // of the file, as given to Load
	Environments []string // the names of all [env.NAME] in the file

	Name               string
	Main               string
	CompatibilityDate  string
	CompatibilityFlags []string
	Vars               map[string]Var
	Secrets            []string // required ones
	Objects            []ObjectBinding
	Migrations         []Migration
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
	Crons              []string
	Build              Build

	Warnings []Warning

	lines *lineIndex
}

// Var is a plain-text variable: Text, or any other TOML value as JSON.
type Var struct {
	Text string
	JSON string // set when the value is not a string
}

// ObjectBinding binds a name to a Durable Object class. Script is empty when this Worker has the class itself.
type ObjectBinding struct {
	Name   string `toml:"name"`
	Class  string `toml:"class_name"`
	Script string `toml:"script_name"`
}

// Migration is one step in the life of the object classes.
type Migration struct {
	Tag              string    `toml:"tag"`
	NewClasses       []string  `toml:"new_classes"`
	NewSQLiteClasses []string  `toml:"new_sqlite_classes"`
	DeletedClasses   []string  `toml:"deleted_classes"`
	RenamedClasses   []Renamed `toml:"renamed_classes"`
	Transferred      any       `toml:"transferred_classes"`
}

// Renamed is a class that goes on under another name.
type Renamed struct {
	From string `toml:"from"`
	To   string `toml:"to"`
}

// Database binds a name to a D1 database.
type Database struct {
	Binding         string `toml:"binding"`
	Name            string `toml:"database_name"`
	ID              string `toml:"database_id"`
	PreviewID       string `toml:"preview_database_id"`
	MigrationsDir   string `toml:"migrations_dir"`
	MigrationsTable string `toml:"migrations_table"`
	Remote          bool   `toml:"remote"`
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
	Binding      string `toml:"binding"`
	Name         string `toml:"bucket_name"`
	PreviewName  string `toml:"preview_bucket_name"`
	Jurisdiction string `toml:"jurisdiction"`
	Remote       bool   `toml:"remote"`
}

// KVNamespace binds a name to a KV namespace.
type KVNamespace struct {
	Binding   string `toml:"binding"`
	ID        string `toml:"id"`
	PreviewID string `toml:"preview_id"`
	Remote    bool   `toml:"remote"`
}

// RateLimit binds a name to a rate limiter.
type RateLimit struct {
	Name      string `toml:"name"`
	Namespace any    `toml:"namespace_id"` // text or an integer
	Simple    struct {
		Limit  int `toml:"limit"`
		Period int `toml:"period"` // seconds: 10 or 60
	} `toml:"simple"`
}

// Dataset binds a name to a dataset of Analytics Engine.
type Dataset struct {
	Binding string `toml:"binding"`
	Name    string `toml:"dataset"` // default: the binding
	Remote  bool   `toml:"remote"`
}

// Producer binds a name to a queue that messages are sent to.
type Producer struct {
	Binding       string `toml:"binding"`
	Queue         string `toml:"queue"`
	DeliveryDelay int    `toml:"delivery_delay"` // seconds
	Remote        bool   `toml:"remote"`
}

// Consumer is a queue that the Worker consumes. What is nil is as Cloudflare has it.
type Consumer struct {
	Queue           string `toml:"queue"`
	MaxBatchSize    *int   `toml:"max_batch_size"`
	MaxBatchTimeout *int   `toml:"max_batch_timeout"` // seconds
	MaxRetries      *int   `toml:"max_retries"`
	MaxConcurrency  *int   `toml:"max_concurrency"`
	DeadLetterQueue string `toml:"dead_letter_queue"`
	RetryDelay      int    `toml:"retry_delay"` // seconds
	Type            string `toml:"type"`
}

// Assets are the static files of the Worker.
type Assets struct {
	Directory        string `toml:"directory"`
	Binding          string `toml:"binding"`
	HTMLHandling     string `toml:"html_handling"`
	NotFoundHandling string `toml:"not_found_handling"`
	RunWorkerFirst   any    `toml:"run_worker_first"` // true, or a list of paths
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
	Binding     string `toml:"binding"`
	Service     string `toml:"service"`
	Entrypoint  string `toml:"entrypoint"`
	Environment string `toml:"environment"`
	Props       any    `toml:"props"`
	Remote      bool   `toml:"remote"`
}

// Build is the command that makes Main.
type Build struct {
	Command  string `toml:"command"`
	Cwd      string `toml:"cwd"`
	WatchDir any    `toml:"watch_dir"`
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

// LineOf returns the line on which value first stands as a string, or 0.
func (c *Config) LineOf(value string) int {
	if c.lines == nil {
		return 0
	}
	return c.lines.ofString(value)
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
		for _, n := range m.DeletedClasses {
			delete(classes, n)
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
