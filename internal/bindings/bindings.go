// Package bindings turns a Worker's configuration into what the local host takes: each binding, store and variable of wrangler.toml under the
// name that `lattice dev`, the commands on its stores and tests know it by.
//
// Start with Options.
package bindings

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// Options are the bindings of a configuration. Variables are those of vars; seeds names files for new databases, by their bindings.
func Options(cfg *wrangler.Config, vars map[string]wrangler.Var, seeds map[string]string) (local.Options, error) {
	databases, err := Databases(cfg, seeds)
	if err != nil {
		return local.Options{}, err
	}
	o := local.Options{
		Name: cfg.Name, Databases: databases, Objects: map[string]string{}, Scripts: map[string]string{}, Vars: map[string]string{}, JSONVars: map[string]string{},
		Services: map[string]string{}, Entrypoints: map[string]local.Entrypoint{},
	}
	for _, b := range cfg.Objects {
		o.Objects[b.Name] = b.Class
		if b.Script != "" {
			o.Scripts[b.Name] = Script(b.Script, b.Env)
		}
	}
	for name, v := range vars {
		if v.JSON != "" {
			o.JSONVars[name] = v.JSON
		} else {
			o.Vars[name] = v.Text
		}
	}
	for _, s := range cfg.Services {
		o.Services[s.Binding] = Script(s.Service, s.Environment)
		o.Entrypoints[s.Binding] = local.Entrypoint{Name: s.Entrypoint, Props: s.Props}
	}
	Stores(&o, cfg)
	queues(&o, cfg)
	if a := cfg.Assets; a != nil && a.Directory != "" {
		if err := cfg.AssetsFolder(); err != nil {
			return local.Options{}, err
		}
		o.Assets = assets(cfg, a)
	}
	return o, nil
}

// Script is the name of a Worker in an environment.
func Script(name, env string) string {
	if env == "" {
		return name
	}
	return name + "-" + env
}

// navigationDate is from when on a page that nothing is found for is not left to the Worker.
const navigationDate = "2025-04-01"

func assets(cfg *wrangler.Config, a *wrangler.Assets) *local.Assets {
	has := func(flag string) bool { return slices.Contains(cfg.CompatibilityFlags, flag) }
	return &local.Assets{
		Dir: cfg.Abs(a.Directory), Binding: a.Binding, WorkerFirst: a.WorkerFirst(), HTML: a.HTMLHandling, NotFound: a.NotFoundHandling,
		NavigationHasNoEffect: has("assets_navigation_has_no_effect") || cfg.CompatibilityDate != "" && cfg.CompatibilityDate < navigationDate && !has("assets_navigation_prefers_asset_serving"),
	}
}

// Stores gives the host what programs store in, and what counts for them.
func Stores(o *local.Options, cfg *wrangler.Config) {
	o.Buckets, o.KV, o.Analytics, o.RateLimits, o.Version = map[string]string{}, map[string]string{}, map[string]string{}, map[string]local.RateLimit{}, cfg.VersionMetadata
	for _, b := range cfg.Buckets {
		o.Buckets[b.Binding] = cmp.Or(b.Name, b.Binding)
	}
	for _, k := range cfg.KV {
		o.KV[k.Binding] = k.Binding
		if FileName.MatchString(k.ID) {
			o.KV[k.Binding] = k.ID
		}
	}
	for _, d := range cfg.Datasets {
		o.Analytics[d.Binding] = cmp.Or(d.Name, d.Binding)
	}
	for _, l := range cfg.RateLimits {
		o.RateLimits[l.Name] = local.RateLimit{Namespace: fmt.Sprint(l.Namespace), Limit: l.Simple.Limit, Period: time.Duration(l.Simple.Period) * time.Second}
	}
}

// queues gives the host the queues of wrangler.toml.
func queues(o *local.Options, cfg *wrangler.Config) {
	o.Queues, o.QueueDelays, o.Consumers = map[string]string{}, map[string]time.Duration{}, map[string]local.Consumer{}
	for _, q := range cfg.Producers {
		o.Queues[q.Binding] = cmp.Or(q.Queue, q.Binding)
		o.QueueDelays[q.Binding] = time.Duration(q.DeliveryDelay) * time.Second
	}
	for _, q := range cfg.Consumers {
		c := local.Consumer{DeadLetterQueue: q.DeadLetterQueue, RetryDelay: time.Duration(q.RetryDelay) * time.Second}
		if q.MaxBatchSize != nil {
			c.MaxBatchSize = *q.MaxBatchSize
		}
		if q.MaxBatchTimeout != nil {
			c.MaxBatchTimeout = time.Duration(*q.MaxBatchTimeout) * time.Second
			if c.MaxBatchTimeout == 0 {
				c.MaxBatchTimeout = -1
			}
		}
		if q.MaxRetries != nil {
			c.MaxRetries = *q.MaxRetries
			if c.MaxRetries == 0 {
				c.MaxRetries = -1
			}
		}
		o.Consumers[q.Queue] = c
	}
}

// FileName is what the names of stores that are files look like.
var FileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// Databases are the D1 databases. It names the file of each database after the database, so that a new database_id does not empty it.
func Databases(cfg *wrangler.Config, seeds map[string]string) (map[string]local.Database, error) {
	all := map[string]local.Database{}
	for binding := range seeds {
		if !slices.ContainsFunc(cfg.Databases, func(d wrangler.Database) bool { return d.Binding == binding }) {
			return nil, fmt.Errorf("--d1-seed %s=…: %s has no D1 database with that binding", binding, cfg.Path)
		}
	}
	for _, d := range cfg.Databases {
		one := local.Database{ID: d.Binding, Migrations: cfg.Abs(d.Migrations()), MigrationsTable: d.MigrationsTable, Seed: seeds[d.Binding]}
		if FileName.MatchString(d.Name) {
			one.ID = d.Name
		}
		if _, err := os.Stat(one.Migrations); err != nil {
			if d.MigrationsDir != "" {
				return nil, fmt.Errorf("%s: migrations_dir of database %s: there is no folder %s: make it, or take the line out", cfg.Path, d.Binding, one.Migrations)
			}
			one.Migrations = ""
		}
		all[d.Binding] = one
	}
	return all, nil
}
