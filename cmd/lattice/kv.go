package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"grove.place/lattice/internal/bindings"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/kv"
)

const kvHelp = `lattice kv key|namespace COMMAND [flags]

The keys of a KV namespace, as "lattice dev" has stored them, or with --remote as Cloudflare has them. Flags are those of wrangler: --binding names the
namespace by its binding, --namespace-id by its id.

  lattice kv key put KEY VALUE --binding B       --path FILE reads the value, --ttl, --expiration, --metadata JSON go with it
  lattice kv key get KEY --binding B             prints the value as it is
  lattice kv key list --binding B                as JSON; --prefix P
  lattice kv key delete KEY --binding B

While lattice dev runs, these go through it. On Cloudflare alone:

  lattice kv namespace create NAME               make a namespace, and print what to add to the configuration
  lattice kv namespace list                      all of the account, as JSON
  lattice kv namespace delete NAME               or --binding, --namespace-id: with all its keys; asks before, unless --yes
` + credentialsHelp

func runKV(ctx context.Context, args []string, out, errs io.Writer) error {
	return subcommands{"kv", kvHelp, map[string]func(context.Context, *storeCommand, []string) error{
		"key put": kvPut, "key get": kvGet, "key list": kvList, "key delete": kvDelete,
	}, map[string]func(context.Context, *cloudCommand, []string) error{
		"namespace create": kvCreate, "namespace list": kvNamespaces, "namespace delete": kvDeleteNamespace,
	}}.start(ctx, args, out, errs)
}

// kvCommand is a command that is about a namespace.
type kvCommand struct {
	*storeCommand
	binding, id string
	preview     bool
}

func (k *kvCommand) namespaceFlags(fs *flag.FlagSet) {
	fs.StringVar(&k.binding, "binding", "", "`binding` of the namespace")
	fs.StringVar(&k.id, "namespace-id", "", "`id` of the namespace")
	fs.BoolVar(&k.preview, "preview", false, "with --remote: that of preview_id; lattice dev has one namespace for both")
}

// run parses args and has do work on the namespace.
func (k *kvCommand) run(ctx context.Context, name, usage string, args []string, flags func(fs *flag.FlagSet), do func(ctx context.Context, n keys, given []string) error) (err error) {
	fs := k.storeFlags("kv key "+name, kvHelp)
	k.namespaceFlags(fs)
	if flags != nil {
		flags(fs)
	}
	given, err := k.parse(fs, args, usage)
	if err != nil {
		return err
	}
	if k.remote {
		client, err := k.cloud(ctx)
		if err != nil {
			return err
		}
		id, err := k.remoteNamespace(ctx, client)
		if err != nil {
			return err
		}
		return do(ctx, remoteKeys{client, id}, given)
	}
	binding, o, err := k.namespace()
	if err != nil {
		return err
	}
	for _, n := range k.cfg.KV {
		k.here(n.Binding, n.Remote && n.Binding == binding)
	}
	reached, closed, err := k.open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closed()) }()
	return do(reached, kv.Namespace(binding), given)
}

// namespace finds the namespace that the flags name.
func (k *kvCommand) namespace() (binding string, o local.Options, err error) {
	var names []string
	bindings.Stores(&o, k.cfg)
	for _, n := range k.cfg.KV {
		names = append(names, n.Binding)
		if k.binding == n.Binding || k.binding == "" && k.id != "" && (k.id == n.ID || k.id == n.PreviewID) {
			return n.Binding, local.Options{KV: map[string]string{n.Binding: o.KV[n.Binding]}}, nil
		}
	}
	switch {
	case k.binding != "":
		return "", o, fmt.Errorf("%s has no KV namespace with the binding %q: there are %s", k.cfg.Path, k.binding, orNone(names))
	case k.id == "":
		return "", o, fmt.Errorf("which namespace? write --binding: there are %s", orNone(names))
	case !bindings.FileName.MatchString(k.id):
		return "", o, fmt.Errorf("%q is not the id of a namespace", k.id)
	}
	return "ID", local.Options{KV: map[string]string{"ID": k.id}}, nil // that no binding has
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func kvPut(ctx context.Context, c *storeCommand, args []string) error {
	var path, metadata string
	var ttl, expiration int64
	k := kvCommand{storeCommand: c}
	return k.run(ctx, "put", "KEY [VALUE]", args, func(fs *flag.FlagSet) {
		fs.StringVar(&path, "path", "", "read the value from `file`")
		fs.StringVar(&metadata, "metadata", "", "`JSON` that is kept with the key")
		fs.Int64Var(&ttl, "ttl", 0, "`seconds` that the key is kept for")
		fs.Int64Var(&expiration, "expiration", 0, "`seconds` since 1970 at which the key goes")
	}, func(ctx context.Context, n keys, given []string) error {
		var value any
		switch {
		case (path == "") == (len(given) < 2):
			return errors.New("write the value, or --path with a file that has it")
		case path != "":
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			value = text
		default:
			value = given[1]
		}
		o := kv.PutOptions{ExpirationTTL: time.Duration(ttl) * time.Second}
		if expiration != 0 {
			o.Expiration = time.Unix(expiration, 0)
		}
		if metadata != "" {
			if !json.Valid([]byte(metadata)) {
				return fmt.Errorf("--metadata %s is not JSON", metadata)
			}
			o.Metadata = json.RawMessage(metadata)
		}
		if err := n.Put(ctx, given[0], value, &o); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "wrote the key %q\n", given[0])
		return nil
	})
}

func kvGet(ctx context.Context, c *storeCommand, args []string) error {
	k := kvCommand{storeCommand: c}
	return k.run(ctx, "get", "KEY", args, func(fs *flag.FlagSet) { fs.Bool("text", false, "of wrangler: values are printed as they are") },
		func(ctx context.Context, n keys, given []string) error {
			var value io.ReadCloser
			found, err := n.Get(ctx, given[0], &value, nil)
			if err != nil {
				return err
			}
			if !found {
				return fmt.Errorf("there is no key %q", given[0])
			}
			defer value.Close()
			_, err = io.Copy(c.out, value)
			return err
		})
}

func kvDelete(ctx context.Context, c *storeCommand, args []string) error {
	k := kvCommand{storeCommand: c}
	return k.run(ctx, "delete", "KEY", args, nil, func(ctx context.Context, n keys, given []string) error {
		if err := n.Delete(ctx, given[0]); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "deleted the key %q\n", given[0])
		return nil
	})
}

func kvList(ctx context.Context, c *storeCommand, args []string) error {
	var prefix string
	k := kvCommand{storeCommand: c}
	return k.run(ctx, "list", "", args, func(fs *flag.FlagSet) { fs.StringVar(&prefix, "prefix", "", "only keys that begin with `text`") },
		func(ctx context.Context, n keys, _ []string) error {
			type key struct {
				Name       string          `json:"name"`
				Expiration int64           `json:"expiration,omitempty"`
				Metadata   json.RawMessage `json:"metadata,omitempty"`
			}
			found := []key{}
			for e, err := range n.All(ctx, prefix) {
				if err != nil {
					return err
				}
				one := key{Name: e.Name, Metadata: e.Metadata}
				if !e.Expiration.IsZero() {
					one.Expiration = e.Expiration.Unix()
				}
				found = append(found, one)
			}
			return printJSON(c.out, found)
		})
}

// printJSON prints v as wrangler prints JSON.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
