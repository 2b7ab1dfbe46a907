package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// remoteBindings are the KV and D1 bindings with remote = true, by name: those that lattice dev can lead to the account.
func remoteBindings(cfg *wrangler.Config) (names []string) {
	for _, k := range cfg.KV {
		if k.Remote {
			names = append(names, k.Binding)
		}
	}
	for _, d := range cfg.Databases {
		if d.Remote {
			names = append(names, d.Binding)
		}
	}
	return names
}

// reaches reports whether remote bindings lead to the account: nobody said --local, and there is a token.
func (f *fleet) reaches() bool {
	_, err := cloudflare.FromEnvironment(os.Getenv)
	return !f.localOnly && err == nil
}

// markRemote takes back the warnings that remote bindings are local, where they are not, or where that is what --local asks for.
func (f *fleet) markRemote(cfg *wrangler.Config) {
	names := remoteBindings(cfg)
	if !f.localOnly && !f.reaches() {
		return
	}
	cfg.Warnings = slices.DeleteFunc(slices.Clone(cfg.Warnings), func(w wrangler.Warning) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(w.Text, "remote: "+n+" is local here") })
	})
}

// describeRemote says at start which bindings are no play.
func (f *fleet) describeRemote(cfg *wrangler.Config) string {
	names := remoteBindings(cfg)
	if len(names) == 0 || !f.reaches() {
		return ""
	}
	return fmt.Sprintf("REMOTE: %s: what the program reads and writes there is the account's at Cloudflare; --local keeps it here\n", strings.Join(names, ", "))
}

// connectRemote leads remote bindings to the account.
func (f *fleet) connectRemote(ctx context.Context, cfg *wrangler.Config, o *local.Options, log *slog.Logger) error {
	names := remoteBindings(cfg)
	if len(names) == 0 || !f.reaches() {
		return nil
	}
	asked, err := cloudflare.FromEnvironment(os.Getenv)
	if err != nil {
		return err
	}
	asked.Notice = func(text string) { log.Warn("remote binding waits", "why", text) }
	client, err := cloudflare.New(asked)
	if err != nil {
		return err
	}
	account, _ := cfg.Setting("account_id").(string)
	if _, err := client.Choose(ctx, account); err != nil {
		return fmt.Errorf("remote bindings: %w; or keep them here with --local", err)
	}
	ctx = context.WithoutCancel(ctx)
	o.RemoteKV, o.RemoteD1 = map[string]local.KVStore{}, map[string]local.D1Store{}
	for _, k := range cfg.KV {
		if !k.Remote {
			continue
		}
		if k.ID == "" {
			return fmt.Errorf("%s: the remote KV binding %s has no id: write the namespace's (lattice kv namespace list shows them), or use --local", cfg.Path, k.Binding)
		}
		o.RemoteKV[k.Binding] = &remoteKV{ctx, client, k.ID}
	}
	for _, d := range cfg.Databases {
		if !d.Remote {
			continue
		}
		if d.ID == "" {
			return fmt.Errorf("%s: the remote D1 binding %s has no database_id: write the database's (lattice d1 list shows them), or use --local", cfg.Path, d.Binding)
		}
		o.RemoteD1[d.Binding] = &remoteD1{ctx, client, d.ID}
	}
	log.Warn("remote bindings work on the account at Cloudflare", "bindings", strings.Join(names, ", "))
	return nil
}
