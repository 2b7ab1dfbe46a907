package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// remoteTime is how long an operation of a remote binding may take, besides its content.
const remoteTime = time.Minute

// remote is what each binding has that leads to the account.
type remote struct {
	ctx               context.Context
	client            *cloudflare.Client
	kind, name, place string // "R2", the name of the binding, and what it leads to: "the bucket images"
	id, missing       string // what the API knows that by; and what to write when the configuration does not say it
	jurisdiction      string // of a bucket
}

// within is a context for an operation with so much content, and what ends it.
func (r *remote) within(size int64) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.ctx, remoteTime+time.Duration(size>>18)*time.Second) // 256 KiB in a second is slow
}

// failed names the binding in an error.
func (r *remote) failed(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("Cloudflare's API has not answered in time: look at https://www.cloudflarestatus.com, and try again")
	} else if at, ok := errors.AsType[*url.Error](err); ok {
		err = at.Err // without the address
	}
	return fmt.Errorf("remote %s binding %s (%s): %w", r.kind, r.name, r.place, err)
}

// remoteBindings are the bindings with remote = true that lattice dev can lead to the account.
func remoteBindings(cfg *wrangler.Config) (list []remote) {
	for _, k := range cfg.KV {
		if k.Remote {
			list = append(list, remote{kind: "KV", name: k.Binding, place: "the namespace " + k.ID, id: k.ID, missing: "id: write the namespace's (lattice kv namespace list shows them)"})
		}
	}
	for _, d := range cfg.Databases {
		if d.Remote {
			place := "the database " + d.Name
			if d.Name == "" {
				place += d.ID
			}
			list = append(list, remote{kind: "D1", name: d.Binding, place: place, id: d.ID, missing: "database_id: write the database's (lattice d1 list shows them)"})
		}
	}
	for _, b := range cfg.Buckets {
		if b.Remote {
			list = append(list, remote{kind: "R2", name: b.Binding, place: "the bucket " + b.Name, id: b.Name, missing: "bucket_name: write the bucket's (lattice r2 bucket list shows them)", jurisdiction: b.Jurisdiction})
		}
	}
	return list
}

// credentials are those with which remote bindings reach the account, as deployments find them.
func (f *fleet) credentials() (*wrangler.Environ, cloudflare.Options, *wrangler.Session, error) {
	environ, err := f.projects[0].environ()
	if err != nil {
		return nil, cloudflare.Options{}, nil, err
	}
	o, session, err := credentials(environ)
	return environ, o, session, err
}

// reaches reports whether remote bindings lead to the account: nobody said --local, and there are credentials. What is wrong with these, connectRemote says.
func (f *fleet) reaches() bool {
	if f.localOnly {
		return false
	}
	_, _, _, err := f.credentials()
	return !errors.Is(err, cloudflare.ErrNoCredentials)
}

// fresh gives the token of a session, which it renews before it expires.
func fresh(environ *wrangler.Environ, o cloudflare.Options, s *wrangler.Session) func(ctx context.Context) (string, error) {
	var mu sync.Mutex
	return func(ctx context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Until(s.Expires) <= 0 { // wrangler may have been before us
			if next, err := wrangler.LoadSession(environ.Get); err == nil {
				s, o.Token = next, next.Token
			}
		}
		err := renew(ctx, environ, &o, s)
		return o.Token, err
	}
}

// markRemote takes back the warnings that remote bindings are local, where they are not, or where that is what --local asks for.
func (f *fleet) markRemote(cfg *wrangler.Config) {
	list := remoteBindings(cfg)
	if len(list) == 0 || !f.localOnly && !f.reaches() {
		return
	}
	cfg.Warnings = slices.DeleteFunc(slices.Clone(cfg.Warnings), func(w wrangler.Warning) bool {
		return slices.ContainsFunc(list, func(r remote) bool { return strings.HasPrefix(w.Text, "remote: "+r.name+" is local here") })
	})
}

// describeRemote says at start which bindings are no play: a line for each.
func (f *fleet) describeRemote() string {
	if !f.reaches() {
		return ""
	}
	text := ""
	for n, cfg := range f.configs {
		for _, r := range remoteBindings(cfg) {
			of := ""
			if len(f.configs) > 1 {
				of = " of " + f.names[n]
			}
			text += fmt.Sprintf("REMOTE: the %s binding %s%s is %s of the account at Cloudflare\n", r.kind, r.name, of, r.place)
		}
	}
	if text != "" {
		text += "        what the program writes there is written for everybody; --local keeps these bindings on this machine\n"
	}
	return text
}

// connectRemote leads remote bindings to the account.
func (f *fleet) connectRemote(ctx context.Context, cfg *wrangler.Config, o *local.Options, log *slog.Logger) error {
	list := remoteBindings(cfg)
	if len(list) == 0 || f.localOnly {
		return nil
	}
	environ, asked, session, err := f.credentials()
	if errors.Is(err, cloudflare.ErrNoCredentials) {
		return nil
	}
	var names []string
	for _, r := range list {
		if names = append(names, r.name); r.id == "" {
			return fmt.Errorf("%s: the remote %s binding %s has no %s, or use --local", cfg.Path, r.kind, r.name, r.missing)
		}
	}
	if err != nil {
		return fmt.Errorf("remote bindings: %w; or keep them here with --local", err)
	}
	if session != nil {
		asked.Fresh = fresh(environ, asked, session)
	}
	asked.Sleep = f.sleep
	asked.Notice = func(text string) { log.Warn("remote binding waits", "why", text) }
	client, err := cloudflare.New(asked)
	if err != nil {
		return err
	}
	account, _ := cfg.Setting("account_id").(string)
	if _, err := client.Choose(ctx, account); err != nil {
		return fmt.Errorf("remote bindings: %w; or keep them here with --local", err)
	}
	o.RemoteKV, o.RemoteD1, o.RemoteR2 = map[string]local.KVStore{}, map[string]local.D1Store{}, map[string]local.R2Store{}
	for _, r := range list {
		r.ctx, r.client = context.WithoutCancel(ctx), client
		switch r.kind {
		case "KV":
			o.RemoteKV[r.name] = &remoteKV{r}
		case "D1":
			o.RemoteD1[r.name] = &remoteD1{r}
		case "R2":
			o.RemoteR2[r.name] = &remoteR2{r, cloudflare.R2Place{Bucket: r.id, Jurisdiction: r.jurisdiction}}
		}
	}
	log.Warn("remote bindings work on the account at Cloudflare", "bindings", strings.Join(names, ", "))
	return nil
}
