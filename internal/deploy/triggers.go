package deploy

import (
	"context"
	"fmt"

	"grove.place/lattice/internal/cloudflare"
)

// split takes the routes apart: patterns, and whole domains.
func (p *Plan) split(errs *[]error) {
	list, _ := p.Config.Setting("routes").([]any)
	if one := p.Config.Setting("route"); !empty(one) {
		list = []any{one}
	}
	for _, v := range list {
		var r cloudflare.Route
		switch v := v.(type) {
		case string:
			r = cloudflare.Route{"pattern": v}
		case map[string]any:
			r = cloudflare.Route(v)
		}
		switch {
		case r.Pattern() == "":
			*errs = append(*errs, p.at("routes", "a route has no pattern"))
		case r.Custom():
			p.domains = append(p.domains, r)
		default:
			p.routes = append(p.routes, r)
		}
	}
}

// workersDev reports whether the Worker has an address on workers.dev: as the file says, or when nothing else leads to it.
func (p *Plan) workersDev() bool {
	if is, ok := p.Config.Setting("workers_dev").(bool); ok {
		return is
	}
	return len(p.routes)+len(p.domains) == 0
}

// trigger is one thing that leads events to the Worker.
type trigger struct {
	what string
	set  func(ctx context.Context) error
}

// triggers are set one after the other, each even when one before has failed.
func (p *Plan) triggers(c *cloudflare.Client, note func(format string, args ...any), host *string) (list []trigger) {
	name := p.Config.Name
	list = append(list, trigger{"workers.dev", func(ctx context.Context) error { return p.setSubdomain(ctx, c, note, host) }})
	if len(p.routes) > 0 {
		list = append(list, trigger{"routes", func(ctx context.Context) error {
			left, err := c.SetRoutes(ctx, name, p.routes)
			if len(left) > 0 {
				note("warning: the token is for some zones only, so these routes of the Worker stay, which the configuration does not have: %s", names(left))
			}
			return err
		}})
	}
	if len(p.domains) > 0 {
		list = append(list, trigger{"custom domains", func(ctx context.Context) error { return c.SetDomains(ctx, name, p.domains, p.TakeDomains) }})
	}
	if p.Config.Setting("triggers.crons") != nil {
		list = append(list, trigger{"cron triggers", func(ctx context.Context) error { return c.SetSchedules(ctx, name, p.Config.Crons) }})
	}
	for i, consumer := range p.Config.Consumers {
		list = append(list, trigger{"the consumer of " + consumer.Queue, func(ctx context.Context) error { return c.SetConsumer(ctx, consumer.Queue, name, p.consumer(i)) }})
	}
	return list
}

func (p *Plan) setSubdomain(ctx context.Context, c *cloudflare.Client, note func(format string, args ...any), host *string) error {
	before, err := c.Subdomain(ctx, p.Config.Name)
	if err != nil {
		return err
	}
	want := p.workersDev()
	if want && before.URL == "" {
		account, err := c.WorkersDev(ctx)
		if err != nil {
			return err
		}
		if account == "" {
			return fmt.Errorf("the account has no name on workers.dev yet: choose one on the dashboard, Compute (Workers), or write workers_dev = false")
		}
		before.URL = "https://" + p.Config.Name + "." + account + ".workers.dev"
	}
	*host = before.URL
	if p.Config.Setting("workers_dev") == nil && before.Enabled && !want {
		note("warning: the Worker is on workers.dev no longer, because it has routes: write workers_dev = true to keep it there")
	}
	var previews *bool
	if is, ok := p.Config.Setting("preview_urls").(bool); ok {
		previews = &is
	}
	return c.SetSubdomain(ctx, p.Config.Name, want, previews)
}

// consumer is what the API is told about the ith consumer.
func (p *Plan) consumer(i int) map[string]any {
	q := p.Config.Consumers[i]
	settings := map[string]any{}
	put := func(name string, v *int, unit int) {
		if v != nil {
			settings[name] = *v * unit
		}
	}
	put("batch_size", q.MaxBatchSize, 1)
	put("max_retries", q.MaxRetries, 1)
	put("max_wait_time_ms", q.MaxBatchTimeout, 1000)
	put("max_concurrency", q.MaxConcurrency, 1)
	if list := tables(p.Config.Setting("queues.consumers")); list[i]["retry_delay"] != nil {
		settings["retry_delay"] = q.RetryDelay
	}
	out := map[string]any{"type": "worker", "script_name": p.Config.Name, "settings": settings}
	if q.DeadLetterQueue != "" {
		out["dead_letter_queue"] = q.DeadLetterQueue
	}
	return out
}

// queues are the names of all that the Worker sends to or consumes.
func (p *Plan) queues() (list []string) {
	for _, q := range p.Config.Producers {
		list = append(list, q.Queue)
	}
	for _, q := range p.Config.Consumers {
		list = append(list, q.Queue)
	}
	return list
}
