package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
)

// Visit is what a site is asked when a request arrives.
type Visit struct {
	// Visitor is who the rate limit counts: a user, or the network of an address.
	Visitor string `json:"visitor"`
	// KnownVersion is the version of the configuration that the caller has; a newer one comes with the answer.
	KnownVersion int64 `json:"knownVersion,omitempty"`
	// Event is what is recorded when the visit is admitted; nil for nothing, such as a request that is no page view.
	Event *analytics.Event `json:"event,omitempty"`
}

// Admission is the answer to a Visit.
type Admission struct {
	State     string  `json:"state"` // Found, Missing or Suspended
	Version   int64   `json:"version"`
	Config    *Config `json:"config,omitempty"` // when it is newer than the caller's
	Allowed   bool    `json:"allowed"`
	Remaining int     `json:"remaining"`
	ResetAt   int64   `json:"resetAt"` // ms; when Allowed is false: when to come again
}

// admit says how the site is set up, whether the visitor may come just now, and records the visit: the one call of a page view.
func (t *Tenant) admit(ctx context.Context, v Visit) (Admission, error) {
	c, err := t.current(ctx)
	if err != nil {
		return Admission{}, err
	}
	a := Admission{State: c.State, Version: c.Version}
	if c.Version != v.KnownVersion || c.State != Found {
		a.Config = c
	}
	if c.State != Found {
		return a, nil
	}
	now := time.Now()
	// The visitor's limit first: the ceiling of the site must not let one visitor close it to the others.
	own, err := t.limit(ctx, "visitor:"+v.Visitor, c.Limits.RequestsPerMinute, time.Minute, now)
	if err != nil {
		return a, err
	}
	a.Allowed, a.Remaining, a.ResetAt = own.Allowed, own.Remaining, own.ResetAt
	if !own.Allowed {
		return a, nil
	}
	site, err := t.limit(ctx, "site", c.Limits.SitePerMinute, time.Minute, now)
	if err != nil {
		return a, err
	}
	if !site.Allowed {
		a.Allowed, a.Remaining, a.ResetAt = false, 0, site.ResetAt
		return a, nil
	}
	if v.Event != nil {
		return a, t.buffer(ctx, *v.Event)
	}
	return a, nil
}

// Rate asks for one request under a limit.
type Rate struct {
	Key           string `json:"key"`
	Limit         int    `json:"limit"`
	WindowSeconds int    `json:"windowSeconds"`
}

// Decision is the answer. ResetAt is in milliseconds: when Allowed is false, the time from which one more request is allowed.
type Decision struct {
	Allowed   bool  `json:"allowed"`
	Remaining int   `json:"remaining"`
	ResetAt   int64 `json:"resetAt"`
}

const (
	maxKeys   = 20_000 // rate limits that are kept; beyond, those that are over soonest go
	maxKeyLen = 200    // bytes
)

func (t *Tenant) checkRateLimit(ctx context.Context, r Rate) (Decision, error) {
	if r.Key == "" || len(r.Key) > maxKeyLen || r.Limit < 1 || r.WindowSeconds < 1 || r.WindowSeconds > 86400 {
		return Decision{}, durables.TypeError(fmt.Sprintf("checkRateLimit: key has 1 to %d bytes, limit is at least 1, windowSeconds from 1 to 86400", maxKeyLen))
	}
	if err := t.object.Prepare(ctx); err != nil {
		return Decision{}, err
	}
	return t.limit(ctx, "custom:"+r.Key, r.Limit, time.Duration(r.WindowSeconds)*time.Second, time.Now())
}

// limit counts a request under a key by the generic cell rate algorithm: requests are spread over the window, with all of the limit at once at most. What is
// stored is the time at which the next request would arrive if they were spread evenly.
func (t *Tenant) limit(ctx context.Context, key string, limit int, window time.Duration, now time.Time) (Decision, error) {
	if len(key) > maxKeyLen {
		key = key[:maxKeyLen]
	}
	at := float64(now.UnixMilli())
	span := float64(window.Milliseconds())
	step := span / float64(limit)
	arrival, known, err := durables.First[float64](ctx, t.object.SQL(), `SELECT arrival FROM rate_limits WHERE key = ?`, key)
	if err != nil {
		return Decision{}, err
	}
	next := max(arrival, at) + step
	if wait := next - span - at; wait > 0 {
		return Decision{ResetAt: int64(at + wait + 0.999)}, nil
	}
	if err := t.object.Exec(ctx, `INSERT OR REPLACE INTO rate_limits (key, arrival) VALUES (?, ?)`, key, next); err != nil {
		return Decision{}, err
	}
	d := Decision{Allowed: true, Remaining: int((at + span - next) / step), ResetAt: int64(next + 0.999)}
	if known {
		return d, nil
	}
	return d, t.added(ctx, now)
}

// added is called for each new key. It has limits that are over removed later, and at once when there are too many.
func (t *Tenant) added(ctx context.Context, now time.Time) (err error) {
	if err := t.keys.add(ctx, t, `SELECT count(*) FROM rate_limits`); err != nil {
		return err
	}
	if t.keys.n > maxKeys {
		t.keys.known = false
		return t.object.Exec(ctx, `DELETE FROM rate_limits WHERE key IN (SELECT key FROM rate_limits ORDER BY arrival LIMIT ?)`, maxKeys/10)
	}
	_, scheduled, err := t.tasks.Scheduled(ctx, taskTidy)
	if err != nil || scheduled {
		return err
	}
	return t.tasks.Schedule(ctx, taskTidy, now.Add(tidyEvery))
}

// tally is how many rows a table has. It is counted once, and kept up then: counting reads every row.
type tally struct {
	n     int
	known bool
}

// add counts a row that was added just now.
func (c *tally) add(ctx context.Context, t *Tenant, query string) (err error) {
	if c.known {
		c.n++
		return nil
	}
	c.n, err = durables.One[int](ctx, t.object.SQL(), query)
	c.known = err == nil
	return err
}

// tidy removes rate limits that are over and copied memberships that count no more, and comes again while there are others.
func (t *Tenant) tidy(ctx context.Context) error {
	if err := t.object.Prepare(ctx); err != nil {
		return err
	}
	t.keys.known = false
	now := time.Now()
	if err := t.object.Exec(ctx, `DELETE FROM rate_limits WHERE arrival <= ?`, float64(now.UnixMilli())); err != nil {
		return err
	}
	if err := t.object.Exec(ctx, `DELETE FROM members WHERE loaded_at <= ?`, now.Add(-membersAge)); err != nil {
		return err
	}
	left, err := durables.One[int](ctx, t.object.SQL(), `SELECT (SELECT count(*) FROM rate_limits) + (SELECT count(*) FROM members)`)
	if err != nil || left == 0 {
		return err
	}
	return t.tasks.Schedule(ctx, taskTidy, now.Add(tidyEvery))
}

func (t *Tenant) recordEvent(ctx context.Context, e analytics.Event) (durables.None, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, t.buffer(ctx, e)
}

// keepReceived is how long a batch is remembered.
const keepReceived = 7 * 24 * time.Hour

// recordEvents records what another object has seen on the site. A batch that comes again, because its answer was lost, is recorded once.
func (t *Tenant) recordEvents(ctx context.Context, b analytics.Batch) (durables.None, error) {
	none := durables.None{}
	if b.Source == "" || b.ID == "" || len(b.Source) > 200 || len(b.ID) > 200 || len(b.Events) > maxVisits {
		return none, durables.TypeError(fmt.Sprintf("recordEvents: a batch needs source and id, of at most 200 bytes each, and has at most %d events", maxVisits))
	}
	if err := t.object.Prepare(ctx); err != nil {
		return none, err
	}
	now := time.Now()
	var kept []analytics.Event
	err := t.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		fresh, err := durables.All[int](ctx, t.object.SQL(), `INSERT OR IGNORE INTO received (source, id, at) VALUES (?, ?, ?) RETURNING 1`, b.Source, b.ID, now)
		if err != nil || len(fresh) == 0 {
			return err
		}
		for _, e := range b.Events {
			if stored, err := t.store(ctx, e); err != nil {
				return err
			} else if stored {
				kept = append(kept, e)
			}
		}
		return t.object.Exec(ctx, `DELETE FROM received WHERE at < ?`, now.Add(-keepReceived))
	})
	if err != nil || len(kept) == 0 {
		return none, err
	}
	for _, e := range kept {
		t.showLive(ctx, e)
	}
	return none, t.tasks.Schedule(ctx, taskFlush, now.Add(flushEvery))
}

// maxBuffered is how many visits wait at most. When AnalyticsDO cannot be reached for long, further ones are not counted rather than fill the object.
const maxBuffered = 100_000

// buffer keeps an event until it is flushed, and shows it to the dashboard.
func (t *Tenant) buffer(ctx context.Context, e analytics.Event) error {
	if stored, err := t.store(ctx, e); err != nil || !stored {
		return err
	}
	t.showLive(ctx, e)
	if _, scheduled, err := t.tasks.Scheduled(ctx, taskFlush); err != nil || scheduled {
		return err
	}
	return t.tasks.Schedule(ctx, taskFlush, time.Now().Add(flushEvery))
}

// store writes an event down, and reports whether there was room for it.
func (t *Tenant) store(ctx context.Context, e analytics.Event) (bool, error) {
	e.Timestamp = time.Now().UnixMilli() // the object's clock: a caller's would count for other days
	text, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	if t.visits.known && t.visits.n >= maxBuffered {
		return false, nil
	}
	if err := t.object.Exec(ctx, `INSERT INTO analytics_buffer (day, event_type, event_data, timestamp) VALUES (?, ?, ?, ?)`,
		analytics.Day(e.Timestamp), e.Type, string(text), e.Timestamp); err != nil {
		return false, err
	}
	return true, t.visits.add(ctx, t, `SELECT count(*) FROM analytics_buffer`)
}
