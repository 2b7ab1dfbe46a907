package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/cloudflare/cloudflare-go/v6/option"
	"github.com/cloudflare/cloudflare-go/v6/queues"
	"github.com/cloudflare/cloudflare-go/v6/workers"
)

// Subdomain is where a Worker is on workers.dev.
type Subdomain struct {
	Enabled  bool   `json:"enabled"`
	Previews bool   `json:"previews_enabled"`
	URL      string `json:"url"`
	Suffix   string `json:"preview_url_suffix"`
}

// Subdomain reads whether a Worker is on workers.dev.
func (c *Client) Subdomain(ctx context.Context, name string) (Subdomain, error) {
	var worker struct {
		Subdomain Subdomain `json:"subdomain"`
	}
	err := c.raw(ctx, http.MethodGet, c.path("workers", "workers", name), nil, nil, &worker)
	return worker.Subdomain, failed("read the workers.dev address of "+name, err)
}

// SetSubdomain puts a Worker on workers.dev, or takes it off. Without a wish for previews Cloudflare decides.
func (c *Client) SetSubdomain(ctx context.Context, name string, enabled bool, previews *bool) error {
	body := map[string]any{"enabled": enabled}
	if previews != nil {
		body["previews_enabled"] = *previews
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var params workers.ScriptSubdomainNewParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	_, err = c.scripts.Subdomain.New(ctx, name, params, option.WithRequestBody("application/json", text), option.WithHeader("Cloudflare-Workers-Script-Api-Date", "2025-08-01"))
	return failed("set the workers.dev address of "+name, err)
}

// WorkersDev is the account's name on workers.dev, "" when it has none.
func (c *Client) WorkersDev(ctx context.Context) (string, error) {
	var answer struct {
		Subdomain string `json:"subdomain"`
	}
	err := c.raw(ctx, http.MethodGet, c.path("workers", "subdomain"), nil, nil, &answer)
	if hasCode(err, codeNoWorker) {
		return "", nil
	}
	return answer.Subdomain, failed("read the account's workers.dev name", err)
}

// SetSchedules replaces the cron triggers.
func (c *Client) SetSchedules(ctx context.Context, name string, crons []string) error {
	list := []map[string]string{}
	for _, cron := range crons {
		list = append(list, map[string]string{"cron": cron})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	var params workers.ScriptScheduleUpdateParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	_, err = c.scripts.Schedules.Update(ctx, name, params, option.WithRequestBody("application/json", text))
	return failed("set the cron triggers", err)
}

// Route leads requests to a Worker, as the configuration has it: pattern, zone_id, zone_name, custom_domain and so on.
type Route map[string]any

// Pattern is the route's.
func (r Route) Pattern() string { p, _ := r["pattern"].(string); return p }

// Custom reports whether it is a whole domain.
func (r Route) Custom() bool { c, _ := r["custom_domain"].(bool); return c }

// SetRoutes replaces the routes of a Worker. With a token that is for some zones only it adds what is missing in them, and says what it left.
func (c *Client) SetRoutes(ctx context.Context, name string, routes []Route) (left []string, err error) {
	err = c.raw(ctx, http.MethodPut, c.path("workers", "scripts", name, "routes"), nil, routes, nil)
	if !lacksPermission(err) {
		return nil, failed("set the routes", err)
	}
	left, err = c.addRoutes(ctx, name, routes)
	return left, failed("set the routes, zone by zone", err)
}

type deployedRoute struct {
	Pattern string `json:"pattern"`
	Script  string `json:"script"`
}

func (c *Client) addRoutes(ctx context.Context, name string, routes []Route) (left []string, err error) {
	zones := map[string][]string{} // their patterns
	for _, r := range routes {
		zone, err := c.zone(ctx, r)
		if err != nil {
			return nil, err
		}
		zones[zone] = append(zones[zone], r.Pattern())
	}
	for zone, patterns := range zones {
		var have []deployedRoute
		if err := c.raw(ctx, http.MethodGet, "zones/"+url.PathEscape(zone)+"/workers/routes", nil, nil, &have); err != nil {
			return nil, err
		}
		scripts := map[string]string{}
		for _, r := range have {
			scripts[r.Pattern] = r.Script
			if r.Script == name && !contains(patterns, r.Pattern) {
				left = append(left, r.Pattern)
			}
		}
		for _, p := range patterns {
			switch script, is := scripts[p]; {
			case is && script != name:
				return nil, fmt.Errorf("%s leads to the Worker %s already: take it away there first", p, script)
			case is:
				continue
			}
			if err := c.raw(ctx, http.MethodPost, "zones/"+url.PathEscape(zone)+"/workers/routes", nil, deployedRoute{p, name}, nil); err != nil {
				return nil, err
			}
		}
	}
	return left, nil
}

func contains(list []string, s string) bool {
	for _, each := range list {
		if each == s {
			return true
		}
	}
	return false
}

// zone finds the zone of a route by its zone_id, its zone_name or its host.
func (c *Client) zone(ctx context.Context, r Route) (string, error) {
	if id, _ := r["zone_id"].(string); id != "" {
		return id, nil
	}
	host, _ := r["zone_name"].(string)
	if host == "" {
		_, after, found := strings.Cut(r.Pattern(), "://")
		if !found {
			after = r.Pattern()
		}
		host, _, _ = strings.Cut(after, "/")
		host = strings.TrimPrefix(strings.TrimPrefix(host, "*"), ".")
	}
	for name := host; strings.Contains(name, "."); {
		var zones []struct {
			ID string `json:"id"`
		}
		if err := c.raw(ctx, http.MethodGet, "zones", url.Values{"name": {name}, "account.id": {c.options.Account}}, nil, &zones); err != nil {
			return "", err
		}
		if len(zones) > 0 {
			return zones[0].ID, nil
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return "", fmt.Errorf("there is no zone for %s in the account, or the API token may not see it: write zone_id beside the pattern", host)
}

// SetDomains replaces the custom domains of a Worker. DNS records and Workers that are in the way give way only when take says so.
func (c *Client) SetDomains(ctx context.Context, name string, domains []Route, take bool) error {
	origins := []map[string]any{}
	for _, d := range domains {
		o := map[string]any{"hostname": d.Pattern()}
		for _, key := range []string{"zone_id", "zone_name", "enabled", "previews_enabled"} {
			if d[key] != nil {
				o[key] = d[key]
			}
		}
		origins = append(origins, o)
	}
	if !take {
		if err := c.conflicts(ctx, name, origins); err != nil {
			return err
		}
	}
	body := map[string]any{"override_scope": true, "override_existing_origin": take, "override_existing_dns_record": take, "origins": origins}
	return failed("set the custom domains", c.raw(ctx, http.MethodPut, c.path("workers", "scripts", name, "domains", "records"), nil, body, nil))
}

// conflicts refuses domains that something else has.
func (c *Client) conflicts(ctx context.Context, name string, origins []map[string]any) error {
	type domain struct {
		ID       string `json:"id"`
		Hostname string `json:"hostname"`
		Modified bool   `json:"modified"`
	}
	var changes struct {
		Updated     []domain `json:"updated"`
		Conflicting []domain `json:"conflicting"`
	}
	if err := c.raw(ctx, http.MethodPost, c.path("workers", "scripts", name, "domains", "changeset"), url.Values{"replace_state": {"true"}}, origins, &changes); err != nil {
		return failed("look for what has the custom domains", err)
	}
	var taken []string
	for _, d := range changes.Updated {
		if d.Modified {
			taken = append(taken, d.Hostname+" (another Worker)")
		}
	}
	for _, d := range changes.Conflicting {
		taken = append(taken, d.Hostname+" (a DNS record)")
	}
	if len(taken) > 0 {
		return fmt.Errorf("something has these custom domains already: %s. --take-domains lets this Worker have them", strings.Join(taken, ", "))
	}
	return nil
}

// Queue is one of the account.
type Queue struct {
	ID, Name  string
	Consumers map[string]string // ids by script
}

// Queues finds queues by their names.
func (c *Client) Queues(ctx context.Context, names []string) (map[string]Queue, error) {
	found := map[string]Queue{}
	if len(names) == 0 {
		return found, nil
	}
	var opts []option.RequestOption
	for _, n := range names {
		opts = append(opts, option.WithQueryAdd("name", n))
	}
	var params queues.QueueListParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	var answer struct {
		Result []struct {
			ID        string `json:"queue_id"`
			Name      string `json:"queue_name"`
			Consumers []struct {
				ID      string `json:"consumer_id"`
				Script  string `json:"script"`
				Name    string `json:"script_name"`
				Service string `json:"service"`
			} `json:"consumers"`
		} `json:"result"`
	}
	_, err := c.queues.List(ctx, params, append(opts, option.WithResponseBodyInto(&answer))...)
	if err != nil {
		return nil, failed("list the queues", err)
	}
	for _, q := range answer.Result {
		consumers := map[string]string{}
		for _, each := range q.Consumers {
			for _, script := range []string{each.Script, each.Name, each.Service} {
				if script != "" {
					consumers[script] = each.ID
				}
			}
		}
		found[q.Name] = Queue{q.ID, q.Name, consumers}
	}
	return found, nil
}

// SetConsumer makes a Worker the consumer of a queue, or changes how it consumes.
func (c *Client) SetConsumer(ctx context.Context, queue, script string, consumer map[string]any) error {
	attempt := "consume the queue " + queue
	all, err := c.Queues(ctx, []string{queue})
	if err != nil {
		return failed(attempt, err)
	}
	q, ok := all[queue]
	if !ok {
		return fmt.Errorf("%s: there is no such queue in the account: make it with `lattice queues create %s`", attempt, queue)
	}
	text, err := json.Marshal(consumer)
	if err != nil {
		return err
	}
	body := option.WithRequestBody("application/json", text)
	if id := q.Consumers[script]; id != "" {
		var params queues.ConsumerUpdateParams
		set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
		_, err = c.consumers.Update(ctx, q.ID, id, params, body)
		return failed(attempt, err)
	}
	var params queues.ConsumerNewParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	_, err = c.consumers.New(ctx, q.ID, params, body)
	return failed(attempt, err)
}
