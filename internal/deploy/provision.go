package deploy

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"grove.place/lattice/internal/cloudflare"
)

// store is a kind of resource that a deployment makes for bindings that name none, as wrangler has done since 4.45. See
// https://developers.cloudflare.com/workers/wrangler/configuration/#automatic-provisioning.
type store struct {
	what  string // for people
	key   string // in the configuration: what the binding is to name
	id    string // in the metadata
	title string // a key of the configuration with a name to make it by; "" is the worker's and the binding's
	find  func(ctx context.Context, c *cloudflare.Client, name, jurisdiction string) (id string, err error)
	make  func(ctx context.Context, c *cloudflare.Client, name, jurisdiction string) (id string, err error)
}

// stores are those kinds by the type of their bindings. find returns "" when there is none of the name.
var stores = map[string]store{
	"kv_namespace": {"KV namespace", "id", "namespace_id", "",
		func(ctx context.Context, c *cloudflare.Client, name, _ string) (string, error) {
			list, err := c.Namespaces(ctx)
			for _, n := range list {
				if n.Title == name {
					return n.ID, nil
				}
			}
			return "", err
		}, func(ctx context.Context, c *cloudflare.Client, name, _ string) (string, error) {
			n, err := c.CreateNamespace(ctx, name)
			return n.ID, err
		}},
	"d1": {"D1 database", "database_id", "id", "database_name",
		func(ctx context.Context, c *cloudflare.Client, name, jurisdiction string) (string, error) {
			d, err := c.Database(ctx, name)
			if cloudflare.IsNotFound(err) {
				return "", nil
			}
			if err == nil && jurisdiction != "" && d.Jurisdiction != jurisdiction {
				err = fmt.Errorf("the D1 database %s is in the jurisdiction %q, and the binding asks for %q, which cannot be changed: write that, or another database_name", name, d.Jurisdiction, jurisdiction)
			}
			return d.ID, err
		}, func(ctx context.Context, c *cloudflare.Client, name, jurisdiction string) (string, error) {
			d, err := c.CreateDatabase(ctx, name, "", jurisdiction)
			return d.ID, err
		}},
	"r2_bucket": {"R2 bucket", "bucket_name", "bucket_name", "bucket_name",
		func(ctx context.Context, c *cloudflare.Client, name, jurisdiction string) (string, error) {
			_, err := c.Bucket(ctx, name, jurisdiction)
			if cloudflare.IsNotFound(err) {
				return "", nil
			}
			return name, err
		}, func(ctx context.Context, c *cloudflare.Client, name, jurisdiction string) (string, error) {
			_, err := c.CreateBucket(ctx, name, "", jurisdiction, "")
			return name, err
		}},
	"queue": {"queue", "queue", "queue_name", "queue",
		func(ctx context.Context, c *cloudflare.Client, name, _ string) (string, error) {
			found, err := c.Queues(ctx, []string{name})
			if _, ok := found[name]; !ok {
				return "", err
			}
			return name, err
		}, func(ctx context.Context, c *cloudflare.Client, name, _ string) (string, error) {
			_, err := c.CreateQueue(ctx, name, nil)
			return name, err
		}},
}

// draft is a binding whose resource has to be looked for.
type draft struct {
	at           int    // in the bindings
	path         string // in the configuration, of its table
	name         string // of the binding
	typ          string
	title        string // by which the resource is found or made
	titled       bool   // the configuration says so
	jurisdiction string
	full         binding // without what names the resource
}

// draftOf reports whether the resource of a binding has to be looked for: KV namespaces and D1 databases without an id, and all buckets and queues, which the
// configuration names by what they are.
func (p *Plan) draftOf(k kind, path string, table map[string]any, b binding, at int) (draft, bool) {
	s, known := stores[k.typ]
	if !known || b[s.id] != nil && k.typ != "r2_bucket" && k.typ != "queue" {
		return draft{}, false
	}
	d := draft{at: at, path: path, name: fmt.Sprint(b["name"]), typ: k.typ, full: b}
	d.jurisdiction, _ = table["jurisdiction"].(string)
	if d.title, _ = table[s.title].(string); d.title != "" {
		d.titled = true
	} else {
		d.title = p.Config.Name + "-" + strings.ReplaceAll(strings.ToLower(d.name), "_", "-")
	}
	return d, true
}

// provision finds or makes what drafts stand for. What the Worker has already, under the same name, it keeps.
func (r *run) provision(ctx context.Context) error {
	if len(r.drafts) == 0 || r.NoProvision || r.main == "" {
		return nil
	}
	var have []map[string]any
	if r.script.Exists {
		var err error
		if have, err = r.client.Bindings(ctx, r.Config.Name); err != nil && !cloudflare.IsForbidden(err) {
			return err
		}
	}
	order := []string{"kv_namespace", "d1", "r2_bucket", "queue"}
	slices.SortStableFunc(r.drafts, func(a, b draft) int { return slices.Index(order, a.typ) - slices.Index(order, b.typ) })
	for _, d := range r.drafts {
		if err := r.connect(ctx, d, have); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) connect(ctx context.Context, d draft, have []map[string]any) error {
	s := stores[d.typ]
	inherited, err := r.inherits(ctx, d, have)
	if err != nil || inherited {
		return err
	}
	id, err := s.find(ctx, r.client, d.title, d.jurisdiction)
	switch {
	case cloudflare.IsForbidden(err):
		r.note("warning: whether there is a %s %s for %s is not known, because the token may not look: %v", s.what, d.title, d.name, err)
		if !d.titled || d.typ == "d1" {
			r.bindings[d.at] = binding{"name": d.name, "type": "inherit"}
		}
		return nil
	case err != nil:
		return err
	case id != "" && d.titled:
		r.bindings[d.at] = with(d.full, s.id, id)
		return nil
	case id != "":
		r.note("found     %s %s for %s", s.what, d.title, d.name)
	default:
		if id, err = s.make(ctx, r.client, d.title, d.jurisdiction); err != nil {
			return err
		}
		r.made = append(r.made, fmt.Sprintf("The %s %s was created", s.what, d.title))
		r.note("created   %s %s for %s", s.what, d.title, d.name)
		for _, db := range r.Config.Databases {
			if info, err := os.Stat(r.Config.Abs(db.Migrations())); db.Binding == d.name && err == nil && info.IsDir() {
				r.note("          it has no tables yet: lattice d1 migrations apply %s --remote%s", d.name, r.envFlag())
			}
		}
	}
	r.bindings[d.at] = with(d.full, s.id, id)
	if d.titled && d.typ != "d1" {
		return nil // the file names it
	}
	pairs := []any{"binding", d.name, s.key, id}
	if d.typ == "d1" {
		pairs = append(pairs, "database_name", d.title)
	}
	r.note("          the file may name it, and need not:\n%s", indented(r.Config.Add(r.prefix()+d.path, true, pairs...)))
	return nil
}

// describe says in a dry run what a draft stands for.
func (d draft) describe() string {
	return fmt.Sprintf("%-24s %s: what the Worker has already, or the %s %s, which is made if it is not there", d.name, d.typ, stores[d.typ].what, d.title)
}

// prefix is how tables of the environment begin.
func (r *run) prefix() string {
	if r.Environment == "" {
		return ""
	}
	return "env." + r.Environment + "."
}

func indented(text string) string {
	return "          " + strings.ReplaceAll(text, "\n", "\n          ")
}

func with(b binding, key string, v any) binding {
	b = maps.Clone(b)
	b[key] = v
	return b
}

// inherits keeps what the Worker has under the name of the draft, if the configuration does not ask for something else.
func (r *run) inherits(ctx context.Context, d draft, have []map[string]any) (bool, error) {
	at := slices.IndexFunc(have, func(b map[string]any) bool { return b["name"] == d.name && b["type"] == d.typ })
	if at < 0 {
		return false, nil
	}
	now, s := have[at], stores[d.typ]
	inherit := binding{"name": d.name, "type": "inherit"}
	switch d.typ {
	case "d1":
		if d.titled || d.jurisdiction != "" {
			id, _ := now["id"].(string)
			db, err := r.client.Database(ctx, id)
			if err != nil {
				return false, err
			}
			if d.titled && db.Name != d.title || d.jurisdiction != "" && db.Jurisdiction != d.jurisdiction {
				return false, nil
			}
		}
	case "r2_bucket":
		if in, _ := now["jurisdiction"].(string); in != d.jurisdiction || d.titled && now[s.id] != d.title {
			return false, nil
		}
		if d.titled {
			inherit = d.full // so that lists show its name
		}
	case "queue":
		if d.titled && now[s.id] != d.title {
			return false, nil
		}
		if d.full["delivery_delay"] != nil {
			inherit = with(d.full, s.id, now[s.id])
		}
	}
	r.bindings[d.at] = inherit
	return true, nil
}
