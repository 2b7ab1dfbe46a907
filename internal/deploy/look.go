package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// look finds out what is there, and whether what the Worker needs is.
func (r *run) look(ctx context.Context, all bool) (err error) {
	name := r.Config.Name
	if r.script, err = r.client.Script(ctx, name); err != nil {
		return err
	}
	if err := r.checkSecrets(ctx); err != nil {
		return err
	}
	if err := r.checkQueues(ctx); err != nil {
		return err
	}
	if !all || !r.script.Exists {
		return r.strict()
	}
	deployments, err := r.client.Deployments(ctx, name)
	if err != nil {
		return err
	}
	if len(deployments) > 0 {
		r.live = deployments[0].Versions
	}
	if len(r.live) > 1 {
		r.conflict("%s is being rolled out by steps (%s): this deployment ends that, and gets all requests. `lattice versions deploy` goes on with the steps", name, shares(r.live))
	}
	if r.script.LastDeployedFrom == "dash" {
		r.conflict("%s was changed last on the dashboard: what was set there, and does not stand in %s, is overwritten", name, r.Config.Path)
	}
	return r.strict()
}

// conflict is something that was changed elsewhere, and that this deployment ends: a warning, or with Strict an error.
func (r *run) conflict(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); r.Strict {
		r.conflicts = append(r.conflicts, text)
	} else {
		r.note("warning: %s", text)
	}
}

func (r *run) strict() error {
	if len(r.conflicts) == 0 {
		return nil
	}
	return fmt.Errorf("%s\nThat is a conflict, with --strict: leave it out to deploy all the same", strings.Join(r.conflicts, "\n"))
}

// checkSecrets warns about secrets that something of the same name replaces, and refuses a first deployment that needs some.
func (r *run) checkSecrets(ctx context.Context) error {
	if !r.script.Exists {
		missing := slices.DeleteFunc(slices.Clone(r.Config.Secrets), r.overrides)
		if len(missing) > 0 {
			return fmt.Errorf("the Worker needs the secrets %s, and %s does not exist yet: set them with lattice secret put NAME, or deploy with --secrets-file FILE, in which they stand as NAME=value lines or as JSON", names(missing), r.Config.Name)
		}
		return nil
	}
	secrets, err := r.client.Secrets(ctx, r.Config.Name)
	if err != nil {
		return err
	}
	for _, b := range r.bindings {
		if name, _ := b["name"].(string); b["type"] != "inherit" && b["type"] != "secret_text" && slices.Contains(secrets, name) {
			r.conflict("the secret %s of %s is replaced by the %s of that name in the configuration", name, r.Config.Name, b["type"])
		}
	}
	for _, name := range r.Config.Secrets {
		if !slices.Contains(secrets, name) && slices.ContainsFunc(r.bindings, func(b binding) bool { return b["name"] == name && b["type"] == "inherit" }) {
			return fmt.Errorf("the Worker needs the secret %s, which is not set: lattice secret put %s", name, name)
		}
	}
	return nil
}

// checkQueues refuses queues that are not there, and are not made either.
func (r *run) checkQueues(ctx context.Context) error {
	wanted := r.queues()
	if !r.NoProvision {
		wanted = slices.DeleteFunc(wanted, func(name string) bool {
			return name == "" || slices.ContainsFunc(r.drafts, func(d draft) bool { return d.typ == "queue" && d.title == name })
		})
	}
	have, err := r.client.Queues(ctx, wanted)
	if err != nil {
		return err
	}
	for _, name := range wanted {
		if _, ok := have[name]; !ok {
			return fmt.Errorf("there is no queue %s in the account: make it with `lattice queues create %s`, or on the dashboard", name, name)
		}
	}
	return nil
}
