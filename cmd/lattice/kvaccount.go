package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/wrangler"
	"grove.place/lattice/workers/kv"
)

// keys are those of a namespace, here or on Cloudflare.
type keys interface {
	Get(ctx context.Context, key string, dest any, o *kv.GetOptions) (bool, error)
	Put(ctx context.Context, key string, value any, o *kv.PutOptions) error
	Delete(ctx context.Context, key string) error
	All(ctx context.Context, prefix string) iter.Seq2[kv.Key, error]
}

// remoteKeys are those of a namespace on Cloudflare.
type remoteKeys struct {
	client    *cloudflare.Client
	namespace string
}

func (r remoteKeys) Get(ctx context.Context, key string, dest any, _ *kv.GetOptions) (bool, error) {
	value, err := r.client.Value(ctx, r.namespace, key)
	if cloudflare.IsNoKey(err) {
		return false, nil
	}
	*dest.(*io.ReadCloser) = io.NopCloser(bytes.NewReader(value))
	return err == nil, err
}

func (r remoteKeys) Put(ctx context.Context, key string, value any, o *kv.PutOptions) error {
	content, is := value.([]byte)
	if !is {
		content = []byte(value.(string))
	}
	var expiration int64
	if !o.Expiration.IsZero() {
		expiration = o.Expiration.Unix()
	}
	metadata, _ := o.Metadata.(json.RawMessage)
	return r.client.PutValue(ctx, r.namespace, key, content, expiration, int64(o.ExpirationTTL/time.Second), metadata)
}

func (r remoteKeys) Delete(ctx context.Context, key string) error {
	return r.client.DeleteValue(ctx, r.namespace, key)
}

func (r remoteKeys) All(ctx context.Context, prefix string) iter.Seq2[kv.Key, error] {
	return func(yield func(kv.Key, error) bool) {
		for cursor := ""; ; {
			page, next, err := r.client.Keys(ctx, r.namespace, prefix, cursor)
			if err != nil {
				yield(kv.Key{}, err)
				return
			}
			for _, k := range page {
				one := kv.Key{Name: k.Name, Metadata: k.Metadata}
				if k.Expiration != 0 {
					one.Expiration = time.Unix(k.Expiration, 0)
				}
				if !yield(one, nil) {
					return
				}
			}
			if cursor = next; cursor == "" {
				return
			}
		}
	}
}

// remoteNamespace is the id of the namespace that the flags name.
func (k *kvCommand) remoteNamespace(ctx context.Context, client *cloudflare.Client) (string, error) {
	if _, _, err := k.namespace(); err != nil {
		return "", err
	}
	for _, n := range k.cfg.KV {
		if n.Binding != k.binding {
			continue
		}
		id, setting := n.ID, "id"
		if k.preview {
			id, setting = n.PreviewID, "preview_id"
		} else if id == "" {
			id = provisioned(ctx, client, k.cfg, n.Binding, "kv_namespace", "namespace_id")
		}
		if id == "" {
			return "", fmt.Errorf("%s: the namespace %s has no %s: `lattice kv namespace list` shows those that there are, `lattice kv namespace create` makes one", k.cfg.Path, k.binding, setting)
		}
		return id, nil
	}
	return k.id, nil
}

func kvCreate(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.accountFlags("kv namespace create", kvHelp)
	preview := fs.Bool("preview", false, "make the one for preview_id, which `wrangler dev --remote` uses")
	binding := fs.String("binding", "", "`name` of the binding in the lines to add (default: made of the namespace's)")
	given, err := c.parse(fs, args, "NAME", 1, 1)
	if err != nil {
		return err
	}
	client, err := c.account(ctx)
	if err != nil {
		return err
	}
	title, setting := given[0], "id"
	if *preview {
		title, setting = title+"_preview", "preview_id"
	}
	n, err := client.CreateNamespace(ctx, title)
	if err != nil {
		return err
	}
	name := bindingOf(*binding, given[0])
	bound := slices.ContainsFunc(c.cfg.KV, func(known wrangler.KVNamespace) bool {
		return known.Binding == name && (*preview || known.ID == "")
	})
	return c.createdFor(bound, n, "Created the KV namespace "+n.Title, "kv_namespaces", "binding", name, setting, n.ID)
}

// kvNamespaces prints JSON, as wrangler does.
func kvNamespaces(ctx context.Context, c *cloudCommand, args []string) error {
	if _, err := c.parse(c.accountFlags("kv namespace list", kvHelp), args, "", 0, 0); err != nil {
		return err
	}
	client, err := c.account(ctx)
	if err != nil {
		return err
	}
	list, err := client.Namespaces(ctx)
	if err != nil {
		return err
	}
	return printJSON(c.out, append([]cloudflare.Namespace{}, list...))
}

func kvDeleteNamespace(ctx context.Context, c *cloudCommand, args []string) error {
	k := kvCommand{storeCommand: &storeCommand{out: c.out, errs: c.errs}}
	fs := c.accountFlags("kv namespace delete", kvHelp)
	k.namespaceFlags(fs)
	yes := askFlags(fs)
	given, err := c.parse(fs, args, "[NAME]", 0, 1)
	if err != nil {
		return err
	}
	if (len(given) == 0) == (k.binding == "" && k.id == "") {
		fmt.Fprintf(c.errs, "write the name of the namespace, or --binding, or --namespace-id\n")
		return errUsage
	}
	client, err := c.account(ctx)
	if err != nil {
		return err
	}
	k.cfg = c.cfg
	wanted := ""
	if len(given) == 0 {
		if wanted, err = k.remoteNamespace(ctx, client); err != nil {
			return err
		}
	}
	list, err := client.Namespaces(ctx)
	if err != nil {
		return err
	}
	for _, n := range list {
		if n.ID != wanted && (len(given) == 0 || n.Title != given[0]) {
			continue
		}
		if err := c.confirm(*yes, fmt.Sprintf("Delete the KV namespace %s (%s) on Cloudflare, with all its keys?", n.Title, n.ID)); err != nil {
			return err
		}
		if err := client.DeleteNamespace(ctx, n.ID); err != nil {
			return err
		}
		return c.print(n, [][]string{{"Deleted the KV namespace " + n.Title}})
	}
	return fmt.Errorf("the account has no such KV namespace: `lattice kv namespace list` shows those that there are")
}
