package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

// Trail is what somebody is up to: phases with waypoints.
type Trail struct {
	ID         string     `json:"id"`
	Slug       string     `json:"slug"`
	Name       string     `json:"name"`
	Intro      string     `json:"intro"`
	Visibility string     `json:"visibility"` // "public" or "private"
	Phases     []Phase    `json:"phases"`
	Waypoints  []Waypoint `json:"waypoints"`
	Version    int64      `json:"version"`
}

// Phase is a part of a trail.
type Phase struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Waypoint is something to do.
type Waypoint struct {
	ID          string `json:"id"`
	PhaseID     string `json:"phaseId,omitempty"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Status      string `json:"status"`
	TargetDate  string `json:"targetDate,omitempty"` // yyyy-mm-dd
}

// WaypointStatuses are what a waypoint can be.
var WaypointStatuses = []string{"planned", "active", "done", "dropped"}

const (
	maxWaypoints = 200
	maxPhases    = 20
	trailAge     = 5 * time.Minute
)

// getTrail returns a trail, or null. Whether its reader may see a private one is for the caller to say.
func (t *Tenant) getTrail(ctx context.Context, slug string) (*Trail, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return nil, err
	}
	text, found, err := durables.First[string](ctx, t.object.SQL(), `SELECT body FROM trails WHERE slug = ? AND loaded_at > ?`, slug, time.Now().Add(-trailAge))
	if err != nil {
		return nil, err
	}
	var trail *Trail
	if found {
		return trail, json.Unmarshal([]byte(text), &trail)
	}
	if trail, err = t.loadTrail(ctx, slug); err != nil {
		return nil, err
	}
	return trail, t.keepTrail(ctx, slug, trail)
}

func (t *Tenant) keepTrail(ctx context.Context, slug string, trail *Trail) error {
	text, err := json.Marshal(trail)
	if err != nil {
		return err
	}
	return t.object.Exec(ctx, `INSERT OR REPLACE INTO trails (slug, body, loaded_at) VALUES (?, ?, ?)`, slug, string(text), time.Now())
}

// loadTrail reads a trail from D1. Statuses that have not got there yet are put over what D1 has.
func (t *Tenant) loadTrail(ctx context.Context, slug string) (*Trail, error) {
	results, err := db.Batch(ctx,
		db.Prepare(`SELECT id, slug, name, intro, visibility, version FROM trails WHERE tenant_id = ? AND slug = ?`).Bind(t.id, slug),
		db.Prepare(`SELECT p.id, p.name FROM trail_phases p JOIN trails t ON t.id = p.trail_id WHERE t.tenant_id = ? AND t.slug = ? ORDER BY p.sort_order, p.id`).Bind(t.id, slug),
		db.Prepare(`SELECT w.id, coalesce(w.phase_id, '') AS phaseId, w.title, w.description, w.status, coalesce(w.target_date, '') AS targetDate FROM trail_waypoints w
			JOIN trails t ON t.id = w.trail_id WHERE t.tenant_id = ? AND t.slug = ? ORDER BY w.sort_order, w.id`).Bind(t.id, slug),
	)
	if err != nil {
		return nil, fmt.Errorf("tenant: read the trail: %w", err)
	}
	var heads []Trail
	if err := results[0].Scan(&heads); err != nil || len(heads) == 0 {
		return nil, err
	}
	trail := heads[0]
	trail.Phases, trail.Waypoints = []Phase{}, []Waypoint{}
	if err := errors.Join(results[1].Scan(&trail.Phases), results[2].Scan(&trail.Waypoints)); err != nil {
		return nil, err
	}
	for payload, err := range durables.Query[string](ctx, t.object.SQL(), `SELECT payload FROM outbox WHERE kind = 'waypoint' ORDER BY seq`) {
		if err != nil {
			return nil, err
		}
		var u WaypointUpdate
		if err := json.Unmarshal([]byte(payload), &u); err != nil {
			return nil, err
		}
		trail.setStatus(u)
	}
	return &trail, nil
}

func (trail *Trail) setStatus(u WaypointUpdate) bool {
	i := slices.IndexFunc(trail.Waypoints, func(w Waypoint) bool { return w.ID == u.WaypointID })
	if i >= 0 {
		trail.Waypoints[i].Status = u.Status
	}
	return i >= 0
}

// TrailSaved is the outcome of setTrail. Conflict: the trail has changed since its version, and nothing was written.
type TrailSaved struct {
	Conflict bool   `json:"conflict,omitempty"`
	Trail    *Trail `json:"trail,omitempty"`
}

func (trail *Trail) check() error {
	text := func(s string, limit int) bool { return len(s) <= limit && strings.ToValidUTF8(s, "") == s }
	switch {
	case trail.Slug == "" || !validHref("/"+trail.Slug) || strings.Contains(trail.Slug, "/") || trail.Slug == ".":
		return durables.TypeError("setTrail: slug has letters, digits and hyphens")
	case strings.TrimSpace(trail.Name) == "" || !text(trail.Name, 100) || !text(trail.Intro, 2000):
		return durables.TypeError("setTrail: name has 1 to 100 bytes, intro at most 2,000")
	case trail.Visibility != "public" && trail.Visibility != "private":
		return durables.TypeError("setTrail: visibility is public or private")
	case len(trail.Phases) > maxPhases || len(trail.Waypoints) > maxWaypoints:
		return durables.TypeError(fmt.Sprintf("setTrail: a trail has at most %d phases and %d waypoints", maxPhases, maxWaypoints))
	}
	phases := map[string]bool{"": true}
	for _, p := range trail.Phases {
		if phases[p.ID] || !ids.Valid(p.ID) || strings.TrimSpace(p.Name) == "" || !text(p.Name, 100) {
			return durables.TypeError("setTrail: each phase has an id of its own and a name of at most 100 bytes")
		}
		phases[p.ID] = true
	}
	seen := map[string]bool{}
	for _, w := range trail.Waypoints {
		_, err := time.Parse("2006-01-02", w.TargetDate)
		if seen[w.ID] || !ids.Valid(w.ID) || !phases[w.PhaseID] || strings.TrimSpace(w.Title) == "" || !text(w.Title, 200) || !text(w.Description, 2000) ||
			!slices.Contains(WaypointStatuses, w.Status) || w.TargetDate != "" && err != nil {
			return durables.TypeError("setTrail: each waypoint has an id of its own, a phase of this trail, a title, a status and perhaps a date")
		}
		seen[w.ID] = true
	}
	return nil
}

// setTrail writes a trail with its phases and waypoints to D1, if nobody else has since its version (0 for a new one), and keeps it here.
func (t *Tenant) setTrail(ctx context.Context, trail Trail) (TrailSaved, error) {
	if err := trail.check(); err != nil {
		return TrailSaved{}, err
	}
	if err := t.object.Prepare(ctx); err != nil {
		return TrailSaved{}, err
	}
	t.trails.Lock() // two writers of one version within a millisecond could not be told apart in D1
	defer t.trails.Unlock()
	now := time.Now()
	if trail.Version == 0 {
		trail.ID = ids.New(now)
	} else if !ids.Valid(trail.ID) {
		return TrailSaved{}, durables.TypeError("setTrail: the trail has no id")
	}
	// One statement for the lists each, whatever their length; all of them only if the head was written.
	phases, err := json.Marshal(trail.Phases)
	if err != nil {
		return TrailSaved{}, err
	}
	waypoints, err := json.Marshal(trail.Waypoints)
	if err != nil {
		return TrailSaved{}, err
	}
	const written = `EXISTS (SELECT 1 FROM trails WHERE id = ?1 AND tenant_id = ?2 AND version = ?3 AND updated_at = ?4)`
	next := trail.Version + 1
	results, err := db.Batch(ctx,
		db.Prepare(`INSERT INTO trails (id, tenant_id, slug, name, intro, visibility, version, created_at, updated_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?7
			WHERE ?8 = 0 OR EXISTS (SELECT 1 FROM trails WHERE id = ?1 AND tenant_id = ?2)
			ON CONFLICT (id) DO UPDATE SET slug = ?3, name = ?4, intro = ?5, visibility = ?6, version = version + 1, updated_at = ?7 WHERE version = ?8 AND tenant_id = ?2`).
			Bind(trail.ID, t.id, trail.Slug, trail.Name, trail.Intro, trail.Visibility, now, trail.Version),
		db.Prepare(`DELETE FROM trail_waypoints WHERE trail_id = ?1 AND id NOT IN (SELECT value ->> 'id' FROM json_each(?5)) AND `+written).
			Bind(trail.ID, t.id, next, now, string(waypoints)),
		db.Prepare(`DELETE FROM trail_phases WHERE trail_id = ?1 AND id NOT IN (SELECT value ->> 'id' FROM json_each(?5)) AND `+written).
			Bind(trail.ID, t.id, next, now, string(phases)),
		db.Prepare(`INSERT INTO trail_phases (id, trail_id, name, sort_order) SELECT value ->> 'id', ?1, value ->> 'name', key FROM json_each(?5) WHERE `+written+`
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, sort_order = excluded.sort_order WHERE trail_id = ?1`).
			Bind(trail.ID, t.id, next, now, string(phases)),
		db.Prepare(`INSERT INTO trail_waypoints (id, trail_id, phase_id, title, description, status, target_date, sort_order, updated_at)
			SELECT value ->> 'id', ?1, nullif(coalesce(value ->> 'phaseId', ''), ''), value ->> 'title', value ->> 'description', value ->> 'status',
			nullif(coalesce(value ->> 'targetDate', ''), ''), key, ?4 FROM json_each(?5) WHERE `+written+`
			ON CONFLICT (id) DO UPDATE SET phase_id = excluded.phase_id, title = excluded.title, description = excluded.description, status = excluded.status,
			target_date = excluded.target_date, sort_order = excluded.sort_order, updated_at = ?4 WHERE trail_id = ?1`).
			Bind(trail.ID, t.id, next, now, string(waypoints)),
	)
	if err != nil && !strings.Contains(err.Error(), "UNIQUE") {
		return TrailSaved{}, fmt.Errorf("tenant: write the trail: %w", err)
	}
	if err != nil || results[0].Meta.Changes == 0 {
		current, err := t.loadTrail(ctx, trail.Slug)
		return TrailSaved{Conflict: true, Trail: current}, err
	}
	if err := t.object.Exec(ctx, `DELETE FROM trails`); err != nil { // also under a slug that it had before
		return TrailSaved{}, err
	}
	current, err := t.getTrail(ctx, trail.Slug)
	return TrailSaved{Trail: current}, err
}

func (t *Tenant) invalidateTrail(ctx context.Context, slug string) (durables.None, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, t.object.Exec(ctx, `DELETE FROM trails WHERE slug = ?`, slug)
}

// WaypointUpdate is a new status of a waypoint. Slug names its trail.
type WaypointUpdate struct {
	Slug       string `json:"slug"`
	WaypointID string `json:"waypointId"`
	Status     string `json:"status"`
}

// queueWaypointUpdate changes a waypoint's status: at once for whoever looks, in D1 within five minutes. It reports false when there is no such waypoint.
func (t *Tenant) queueWaypointUpdate(ctx context.Context, u WaypointUpdate) (bool, error) {
	if !slices.Contains(WaypointStatuses, u.Status) {
		return false, durables.TypeError("queueWaypointUpdate: status is one of " + strings.Join(WaypointStatuses, ", "))
	}
	trail, err := t.getTrail(ctx, u.Slug)
	if err != nil || trail == nil || !trail.setStatus(u) {
		return false, err
	}
	err = t.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		if err := t.keepTrail(ctx, u.Slug, trail); err != nil {
			return err
		}
		_, err := t.outbox.Add(ctx, "waypoint", u)
		return err
	})
	if err != nil {
		return false, err
	}
	return true, t.tasks.Schedule(ctx, taskTrails, time.Now().Add(copyEvery))
}

func (t *Tenant) flushWaypointUpdates(ctx context.Context, _ durables.None) (durables.None, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, t.outbox.Flush(ctx)
}

// applyWaypoint writes a status; an older one that comes late changes nothing.
func (t *Tenant) applyWaypoint(_ context.Context, row outbox.Row) ([]d1.Stmt, error) {
	var u WaypointUpdate
	if err := row.Decode(&u); err != nil {
		return nil, err
	}
	return []d1.Stmt{db.Prepare(`UPDATE trail_waypoints SET status = ?1, status_seq = ?2, status_changed_at = ?3 WHERE id = ?4 AND status_seq < ?2
		AND trail_id IN (SELECT id FROM trails WHERE tenant_id = ?5)`).Bind(u.Status, row.Seq, time.Now(), u.WaypointID, t.id)}, nil
}
