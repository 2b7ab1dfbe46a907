package main

import (
	"cmp"
	"flag"
	"slices"
	"strings"

	"grove.place/lattice/internal/scaffold"
	"grove.place/lattice/internal/wrangler"
)

// offer returns what may stand for an argument or the value of a flag, as far as that is known.
type offer func() []string

func fixed(words ...string) offer { return func() []string { return words } }

// configured is an offer of names that the configuration of the folder has.
func configured(names func(cfg *wrangler.Config) []string) offer {
	return func() (offered []string) {
		path, _ := wrangler.Find(".")
		cfg, err := wrangler.Load(path, "")
		if err != nil {
			return nil
		}
		for _, name := range names(cfg) {
			if name != "" && !slices.Contains(offered, name) {
				offered = append(offered, name)
			}
		}
		return offered
	}
}

// each applies f to each element of a list.
func each[T any](list []T, f func(T) string) (names []string) {
	for _, v := range list {
		names = append(names, f(v))
	}
	return names
}

var (
	anyFile, anyFolder, noOffer = fixed(":files"), fixed(":folders"), fixed()

	workerName   = configured(func(cfg *wrangler.Config) []string { return []string{cfg.Name} })
	environments = configured(func(cfg *wrangler.Config) []string { return cfg.Environments })
	secretNames  = configured(func(cfg *wrangler.Config) []string { return cfg.Secrets })
	classNames   = configured(func(cfg *wrangler.Config) (own []string) {
		for _, o := range cfg.Objects {
			if o.Script == "" {
				own = append(own, o.Class)
			}
		}
		return own
	})
	queueNames = configured(func(cfg *wrangler.Config) []string {
		return append(each(cfg.Producers, func(p wrangler.Producer) string { return p.Queue }), each(cfg.Consumers, func(c wrangler.Consumer) string { return c.Queue })...)
	})
	databaseNames = configured(func(cfg *wrangler.Config) []string {
		return each(cfg.Databases, func(d wrangler.Database) string { return cmp.Or(d.Name, d.Binding) })
	})
	seedTargets = configured(func(cfg *wrangler.Config) []string {
		return each(cfg.Databases, func(d wrangler.Database) string { return d.Binding + "=" })
	})
	bucketNames = configured(func(cfg *wrangler.Config) []string { return each(cfg.Buckets, bucketName) })
	objectPaths = configured(func(cfg *wrangler.Config) []string {
		return each(cfg.Buckets, func(b wrangler.Bucket) string { return bucketName(b) + "/" })
	})
	namespaceBindings = configured(func(cfg *wrangler.Config) []string {
		return each(cfg.KV, func(n wrangler.KVNamespace) string { return n.Binding })
	})
	namespaceIDs = configured(func(cfg *wrangler.Config) []string {
		return each(cfg.KV, func(n wrangler.KVNamespace) string { return n.ID })
	})
)

func bucketName(b wrangler.Bucket) string { return cmp.Or(b.Name, b.Binding) }

// flagOffers are the values of flags, by their names.
var flagOffers = map[string]offer{
	"env": environments, "worker": workerName, "name": workerName, "binding": namespaceBindings, "namespace-id": namespaceIDs, "d1-seed": seedTargets,
	"template": templateNames, "ci": fixed(scaffold.CI...),
	"log-level": fixed("debug", "info", "warn", "error", "none"), "format": fixed("pretty", "json"), "status": fixed("ok", "error", "canceled"),
	"location": fixed("weur", "eeur", "apac", "oc", "wnam", "enam"), "jurisdiction": fixed("eu", "fedramp"), "storage-class": fixed("Standard", "InfrequentAccess"),
	"method": fixed("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), "host": fixed("127.0.0.1", "0.0.0.0"),
}

// flagValues are the values of a flag, as far as they are known.
func flagValues(fs *flag.FlagSet, f *flag.Flag) []string {
	f = described(fs, f)
	switch kind, _ := flag.UnquoteUsage(f); kind {
	case "file":
		return anyFile()
	case "folder":
		return anyFolder()
	}
	if known := flagOffers[f.Name]; known != nil {
		return known()
	}
	return nil
}

// firstArguments are what commands take as their first argument. The longest beginning of a command counts.
var firstArguments = map[string]offer{
	"build": anyFolder, "dev": anyFolder, "types": anyFolder, "doctor": anyFolder, "deploy": anyFolder, "versions upload": anyFolder, "state import": anyFolder,
	"completion": fixed(shells...), "objects": classNames, "secret put": secretNames, "profile": workerName, "tail": workerName,
	"d1": databaseNames, "d1 create": noOffer, "d1 list": noOffer,
	"queues": queueNames, "queues create": noOffer, "queues list": noOffer,
	"r2": bucketNames, "r2 bucket create": noOffer, "r2 bucket list": noOffer, "r2 object": objectPaths, "r2 object list": bucketNames,
}

// allArguments are what commands take as each of their arguments.
var allArguments = map[string]offer{"test": anyFolder, "symbolize": anyFile, "kv bulk": anyFile, "secret bulk": anyFile, "versions secret bulk": anyFile}

// arguments are what may stand after a command that has so many arguments already.
func arguments(command []string, given int) []string {
	for n := len(command); n > 0; n-- {
		name := strings.Join(command[:n], " ")
		if all := allArguments[name]; all != nil {
			return all()
		}
		if first := firstArguments[name]; first != nil && given == 0 {
			return first()
		}
	}
	return nil
}
