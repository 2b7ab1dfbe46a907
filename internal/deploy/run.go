package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/internal/cloudflare"
)

// Result is a deployment that is done.
type Result struct {
	Worker      string   `json:"worker"`
	Environment string   `json:"environment,omitempty"`
	Version     string   `json:"version_id"`
	Targets     []string `json:"targets"`
	New         bool     `json:"new"` // the Worker was not there before
}

// run is a deployment under way.
type run struct {
	*Plan
	client   *cloudflare.Client
	log      io.Writer // progress and warnings
	script   cloudflare.Script
	live     []cloudflare.Share // before
	uploaded cloudflare.Uploaded
	host     string
	made     []string // sentences about what was created

	conflicts []string // with Strict
}

// Run deploys, and tells the log what it does. After an error that is no *Failure nothing has changed.
func (p *Plan) Run(ctx context.Context, c *cloudflare.Client, log io.Writer) (*Result, error) {
	r := &run{Plan: p, client: c, log: log}
	if err := r.look(ctx, true); err != nil {
		return nil, fmt.Errorf("%w\nNothing was changed", err)
	}
	if err := r.provision(ctx); err != nil {
		return nil, r.withMade(fmt.Errorf("%w\nThe Worker was not changed", err))
	}
	if err := r.release(ctx); err != nil {
		return nil, r.withMade(err)
	}
	if err := r.trigger(ctx); err != nil {
		return nil, r.withMade(err)
	}
	return &Result{Worker: p.Config.Name, Environment: p.Environment, Version: r.uploaded.Version, Targets: p.Targets(r.host), New: !r.script.Exists}, nil
}

// Upload makes a version that is not live.
func (p *Plan) Upload(ctx context.Context, c *cloudflare.Client, log io.Writer) (*Result, error) {
	r := &run{Plan: p, client: c, log: log}
	err := r.look(ctx, false)
	switch {
	case err != nil:
	case !r.script.Exists:
		err = fmt.Errorf("there is no Worker %s yet, and so nothing to make a version of: the first is made by `lattice deploy`", p.Config.Name)
	case p.migrations(r.script.MigrationTag) != nil:
		err = fmt.Errorf("the migrations of Durable Object classes after %q are not applied yet, which a version cannot do: run `lattice deploy`", r.script.MigrationTag)
	}
	if err == nil {
		err = r.provision(ctx)
	}
	var jwt string
	if err == nil {
		jwt, err = r.sendAssets(ctx)
	}
	if err == nil {
		metadata := p.metadata(nil, jwt)
		delete(metadata, "logpush") // belong to the Worker, not to a version
		delete(metadata, "observability")
		metadata["annotations"] = p.annotations()
		err = r.newVersion(ctx, metadata)
	}
	if err != nil {
		return nil, r.withMade(fmt.Errorf("%w\nThe Worker was not changed: what was live is live", err))
	}
	return &Result{Worker: p.Config.Name, Environment: p.Environment, Version: r.uploaded.Version, Targets: []string{}}, nil
}

// Triggers sets what leads events to a Worker that is there.
func (p *Plan) Triggers(ctx context.Context, c *cloudflare.Client, log io.Writer) (*Result, error) {
	r := &run{Plan: p, client: c, log: log}
	var err error
	if r.script, err = c.Script(ctx, p.Config.Name); err != nil {
		return nil, err
	}
	if !r.script.Exists {
		return nil, fmt.Errorf("there is no Worker %s: deploy it first", p.Config.Name)
	}
	if err := r.trigger(ctx); err != nil {
		return nil, err
	}
	return &Result{Worker: p.Config.Name, Environment: p.Environment, Targets: p.Targets(r.host)}, nil
}

// withMade adds what was created to the error of a later step.
func (r *run) withMade(err error) error {
	if f, ok := errors.AsType[*Failure](err); ok {
		f.Done = append(slices.Clone(r.made), f.Done...)
		return f
	}
	if len(r.made) == 0 {
		return err
	}
	return fmt.Errorf("%w\n%s: the next deployment finds it by its name", err, strings.Join(r.made, "\n"))
}

func (r *run) note(format string, args ...any) { fmt.Fprintf(r.log, format+"\n", args...) }

// step does something and says how long it took.
func (r *run) step(what string, do func() (string, error)) error {
	began := time.Now()
	result, err := do()
	if err == nil {
		r.note("%-9s %s  %s", what, result, time.Since(began).Round(time.Millisecond*10))
	}
	return err
}

func (r *run) sendAssets(ctx context.Context) (jwt string, err error) {
	if r.assets == nil {
		return "", nil
	}
	return r.assets.upload(ctx, r.client, r.Config.Name, func(format string, args ...any) { r.note("assets    "+format, args...) })
}

// release uploads the Worker and makes it live.
func (r *run) release(ctx context.Context) error {
	jwt, err := r.sendAssets(ctx)
	if err != nil {
		return fmt.Errorf("%w\nThe Worker was not changed; files that were sent need not be sent again", err)
	}
	if r.main != "" {
		r.note("upload    %s", r.Sizes)
	}
	migrations := r.migrations(r.script.MigrationTag)
	if r.script.Exists && migrations == nil && !r.declares() {
		return r.releaseVersion(ctx, jwt)
	}
	metadata := r.metadata(migrations, jwt)
	if r.main != "" {
		metadata["code_update_strategy"] = Strategy(r.Config)
	}
	err = r.step("live", func() (string, error) {
		r.uploaded, err = r.put(ctx, metadata)
		return r.uploaded.Version, err
	})
	if err != nil {
		return r.uncertain(ctx, err)
	}
	if next := r.tags(r.script.Tags); !slices.Equal(next, r.script.Tags) {
		r.group(ctx, map[string]any{"tags": next})
	}
	return nil
}

// put uploads with migrations. When the connection broke after the API had applied them, another try is refused for their tag: they are not sent again.
func (r *run) put(ctx context.Context, metadata map[string]any) (cloudflare.Uploaded, error) {
	u := &cloudflare.Upload{Metadata: metadata, Modules: r.modules}
	done, err := r.client.Put(ctx, r.Config.Name, u)
	m, _ := metadata["migrations"].(map[string]any)
	if !cloudflare.IsTagConflict(err) || m == nil {
		return done, err
	}
	now, lookErr := r.client.Script(ctx, r.Config.Name)
	if lookErr != nil {
		return done, errors.Join(err, lookErr)
	}
	if now.MigrationTag != m["new_tag"] {
		return done, fmt.Errorf("%w\nSomebody else has changed the Durable Object classes meanwhile: they are at %q. Run the command again", err, now.MigrationTag)
	}
	delete(metadata, "migrations")
	return r.client.Put(ctx, r.Config.Name, u)
}

// uncertain says what is live after an upload that failed.
func (r *run) uncertain(ctx context.Context, err error) error {
	now, lookErr := r.client.Script(ctx, r.Config.Name)
	switch {
	case lookErr != nil:
		return fmt.Errorf("%w\nWhether the Worker was changed could not be found out (%v): look with `lattice deployments list`, and run the command again", err, lookErr)
	case !now.Exists:
		return fmt.Errorf("%w\nThere is still no Worker %s", err, r.Config.Name)
	case now.MigrationTag != r.script.MigrationTag:
		return &Failure{Worker: r.Config.Name, Done: []string{"the Durable Object classes are at " + now.MigrationTag, "the upload that brought them there may be live"}, Failed: []error{err}, Next: "lattice deploy"}
	}
	return fmt.Errorf("%w\nWhat was live before is live: %s", err, r.before())
}

func (r *run) before() string {
	if len(r.live) == 0 {
		return "nothing"
	}
	return shares(r.live)
}

// newVersion uploads a version that is not live yet.
func (r *run) newVersion(ctx context.Context, metadata map[string]any) error {
	return r.step("version", func() (_ string, err error) {
		r.uploaded, err = r.client.NewVersion(ctx, r.Config.Name, &cloudflare.Upload{Metadata: metadata, Modules: r.modules})
		return r.uploaded.Version, err
	})
}

// releaseVersion uploads a version, and then sends all requests to it.
func (r *run) releaseVersion(ctx context.Context, jwt string) error {
	name := r.Config.Name
	err := r.newVersion(ctx, r.metadata(nil, jwt))
	if err != nil {
		return fmt.Errorf("%w\nWhat was live before is live: %s", err, r.before())
	}
	all := []cloudflare.Share{{Version: r.uploaded.Version, Percentage: 100}}
	err = r.step("live", func() (string, error) {
		return r.uploaded.Version, r.client.Release(ctx, name, all, r.Message, Strategy(r.Config), false)
	})
	if err != nil {
		return &Failure{Worker: name, Done: []string{"version " + r.uploaded.Version + " is uploaded, and not live", "live is what was before: " + r.before()}, Failed: []error{err},
			Next: "lattice versions deploy " + r.uploaded.Version + "@100" + r.envFlag()}
	}
	settings := map[string]any{"observability": map[string]any{"enabled": false}, "tags": r.tags(r.script.Tags)}
	for _, key := range []string{"tail_consumers", "logpush", "observability"} {
		if v := r.Config.Setting(key); v != nil {
			settings[key] = v
		}
	}
	r.group(ctx, settings)
	return nil
}

// group changes settings of the Worker, without which it works.
func (r *run) group(ctx context.Context, settings map[string]any) {
	if err := r.client.Settings(ctx, r.Config.Name, settings); err != nil {
		r.note("warning: %v: logs, tail Workers and the grouping of environments on the dashboard are as they were", err)
	}
}

func (r *run) envFlag() string {
	if r.Environment == "" {
		return ""
	}
	return " --env " + r.Environment
}

// trigger sets all triggers, and says which of them failed.
func (r *run) trigger(ctx context.Context) error {
	f := &Failure{Worker: r.Config.Name, Next: "lattice triggers deploy" + r.envFlag()}
	if r.uploaded.Version != "" {
		f.Done = append(f.Done, "version "+r.uploaded.Version+" is live")
	}
	for _, t := range r.triggers(r.client, r.note, &r.host) {
		err := r.step("trigger", func() (string, error) { return t.what, t.set(ctx) })
		if err != nil {
			f.Failed = append(f.Failed, fmt.Errorf("%s: %w", t.what, err))
		} else {
			f.Done = append(f.Done, t.what+" set")
		}
	}
	if len(f.Failed) > 0 {
		return f
	}
	return nil
}

// shares are versions with their parts of the requests.
func shares(list []cloudflare.Share) string {
	var parts []string
	for _, s := range list {
		parts = append(parts, fmt.Sprintf("%s@%g%%", s.Version, s.Percentage))
	}
	return names(parts)
}
