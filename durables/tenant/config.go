package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"grove.place/lattice/durables"
)

// States of a site.
const (
	Found     = "found"
	Missing   = "missing"
	Suspended = "suspended"
)

// Config is how a site is set up. State is Found, Missing or Suspended; of a missing site nothing else is set.
type Config struct {
	State       string         `json:"state"`
	TenantID    string         `json:"tenantId"`
	Subdomain   string         `json:"subdomain"`
	OwnerID     string         `json:"ownerId"`
	DisplayName string         `json:"displayName"`
	Description string         `json:"description"`
	Theme       map[string]any `json:"theme"`
	Features    map[string]any `json:"features"`
	Tier        string         `json:"tier"`
	Limits      Limits         `json:"limits"`
	Version     int64          `json:"version"`
	CreatedAt   int64          `json:"createdAt"`

	CommentsEnabled bool   `json:"commentsEnabled"`
	Moderation      string `json:"moderation"`    // "none", "first" or "all" comments wait for a moderator
	CountsVisible   string `json:"countsVisible"` // who sees counts of reactions: "author" or "everyone"
}

// Limits follow from the tier; callers cannot set them.
type Limits struct {
	RequestsPerMinute int   `json:"requestsPerMinute"` // of one visitor
	SitePerMinute     int   `json:"sitePerMinute"`     // of all together
	Drafts            int   `json:"drafts"`
	DraftBytes        int   `json:"draftBytes"` // of one draft
	Sections          int   `json:"sections"`   // -1: no limit
	Storage           int64 `json:"storage"`    // bytes of media
}

// Tiers, from the least to the most.
var Tiers = []string{"wanderer", "seedling", "sapling", "oak", "evergreen"}

var limits = map[string]Limits{
	"wanderer":  {120, 1_200, 5, 128 << 10, 0, 50 << 20},
	"seedling":  {120, 3_000, 20, 256 << 10, 0, 1 << 30},
	"sapling":   {240, 6_000, 50, 256 << 10, 2, 5 << 30},
	"oak":       {240, 12_000, 200, 256 << 10, 10, 20 << 30},
	"evergreen": {600, 60_000, 1000, 256 << 10, -1, 100 << 30},
}

// row is a tenant as D1 has it.
type row struct {
	Subdomain       string `json:"subdomain"`
	OwnerID         string `json:"owner_user_id"`
	DisplayName     string `json:"display_name"`
	Description     string `json:"description"`
	Theme           string `json:"theme"`
	Features        string `json:"features"`
	Tier            string `json:"tier"`
	Status          string `json:"status"`
	Version         int64  `json:"config_version"`
	CreatedAt       int64  `json:"created_at"`
	CommentsEnabled bool   `json:"enabled"`
	Moderation      string `json:"moderation"`
	CountsVisible   string `json:"counts_visible"`
}

const rowQuery = `SELECT t.subdomain, t.owner_user_id, t.display_name, t.description, t.theme, t.features, t.tier, t.status, t.config_version, t.created_at,
	coalesce(c.enabled, 1) AS enabled, coalesce(c.moderation, 'none') AS moderation, coalesce(c.counts_visible, 'author') AS counts_visible
	FROM tenants t LEFT JOIN comment_settings c ON c.tenant_id = t.id WHERE t.id = ?`

func (t *Tenant) configOf(r row) (*Config, error) {
	c := &Config{State: Found, TenantID: t.id, Subdomain: r.Subdomain, OwnerID: r.OwnerID, DisplayName: r.DisplayName, Description: r.Description, Tier: r.Tier,
		Limits: limits[r.Tier], Version: r.Version, CreatedAt: r.CreatedAt, CommentsEnabled: r.CommentsEnabled, Moderation: r.Moderation, CountsVisible: r.CountsVisible}
	switch r.Status {
	case "active":
	case "suspended":
		c.State = Suspended
	default:
		return &Config{State: Missing, TenantID: t.id}, nil
	}
	if err := json.Unmarshal([]byte(r.Theme), &c.Theme); err != nil {
		return nil, fmt.Errorf("tenant: theme in D1: %w", err)
	}
	if err := json.Unmarshal([]byte(r.Features), &c.Features); err != nil {
		return nil, fmt.Errorf("tenant: features in D1: %w", err)
	}
	return c, nil
}

// current returns the configuration: the copy in memory or in storage, read again from D1 when it is too old. When D1 cannot be reached an old copy
// serves; without any the error is D1's.
func (t *Tenant) current(ctx context.Context) (*Config, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return nil, err
	}
	c, loadedAt, err := t.stored(ctx)
	if err != nil {
		return nil, err
	}
	if c != nil && (time.Since(loadedAt) < configAge || t.loading) {
		return c, nil
	}
	fresh, err := t.refresh(ctx)
	if err != nil && c != nil {
		t.object.Log(ctx, slog.LevelWarn, "configuration not refreshed: an old copy serves", "error", err)
		return c, nil
	}
	return fresh, err
}

// stored returns the object's copy and when it was read from D1; nil when there is none.
func (t *Tenant) stored(ctx context.Context) (*Config, time.Time, error) {
	type copied struct {
		Value     string    `json:"value"`
		UpdatedAt time.Time `json:"updated_at"`
	}
	kept, found, err := durables.First[copied](ctx, t.object.SQL(), `SELECT value, updated_at FROM config WHERE key = 'config'`)
	if err != nil || !found {
		return nil, time.Time{}, err
	}
	if t.config == nil {
		t.config = &Config{}
		if err := json.Unmarshal([]byte(kept.Value), t.config); err != nil {
			return nil, time.Time{}, fmt.Errorf("tenant: stored configuration: %w", err)
		}
	}
	return t.config, kept.UpdatedAt, nil
}

// refresh reads the configuration from D1. An answer that was overtaken by a newer version is dropped.
func (t *Tenant) refresh(ctx context.Context) (*Config, error) {
	t.loading = true
	defer func() { t.loading = false }()
	var r row
	found, err := db.Prepare(rowQuery).Bind(t.id).First(ctx, &r)
	if err != nil {
		return nil, fmt.Errorf("tenant: read the configuration: %w", err)
	}
	c := &Config{State: Missing, TenantID: t.id}
	if found {
		if c, err = t.configOf(r); err != nil {
			return nil, err
		}
	}
	if kept, _, err := t.stored(ctx); err != nil || kept != nil && kept.Version > c.Version && c.State != Missing {
		return kept, err
	}
	return c, t.keep(ctx, c)
}

func (t *Tenant) keep(ctx context.Context, c *Config) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	t.config = c
	return t.object.Exec(ctx, `INSERT OR REPLACE INTO config (key, value, updated_at) VALUES ('config', ?, ?)`, string(text), time.Now())
}

func (t *Tenant) getConfig(ctx context.Context, _ durables.None) (Config, error) {
	c, err := t.current(ctx)
	if err != nil {
		return Config{}, err
	}
	return *c, nil
}

// invalidate has the next call read the configuration and the members again.
func (t *Tenant) invalidate(ctx context.Context, _ durables.None) (durables.None, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return durables.None{}, err
	}
	if err := t.object.Exec(ctx, `UPDATE config SET updated_at = 0`); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, t.object.Exec(ctx, `DELETE FROM members`)
}

// Update changes a site's configuration. What is nil stays. Version is the one that the change is based on.
type Update struct {
	Version         int64           `json:"version"`
	DisplayName     *string         `json:"displayName,omitempty"`
	Description     *string         `json:"description,omitempty"`
	Theme           *map[string]any `json:"theme,omitempty"`
	Features        *map[string]any `json:"features,omitempty"`
	CommentsEnabled *bool           `json:"commentsEnabled,omitempty"`
	Moderation      *string         `json:"moderation,omitempty"`
	CountsVisible   *string         `json:"countsVisible,omitempty"`
}

// Updated is the outcome of an Update. Conflict: the configuration has changed since Version, and nothing was done.
type Updated struct {
	Conflict bool   `json:"conflict,omitempty"`
	Config   Config `json:"config"`
}

func (u Update) check() error {
	text := func(name string, s *string, limit int) error {
		if s != nil && len(strings.TrimSpace(*s)) > limit {
			return durables.TypeError(fmt.Sprintf("updateConfig: %s is longer than %d bytes", name, limit))
		}
		return nil
	}
	if u.DisplayName != nil && strings.TrimSpace(*u.DisplayName) == "" {
		return durables.TypeError("updateConfig: displayName is empty")
	}
	for _, err := range []error{text("displayName", u.DisplayName, 100), text("description", u.Description, 500),
		among("moderation", u.Moderation, "none", "first", "all"), among("countsVisible", u.CountsVisible, "author", "everyone"),
		small("theme", u.Theme), small("features", u.Features)} {
		if err != nil {
			return err
		}
	}
	return nil
}

func among(name string, s *string, allowed ...string) error {
	if s == nil {
		return nil
	}
	for _, a := range allowed {
		if *s == a {
			return nil
		}
	}
	return durables.TypeError(fmt.Sprintf("updateConfig: %s is one of %s", name, strings.Join(allowed, ", ")))
}

func small(name string, m *map[string]any) error {
	if m == nil {
		return nil
	}
	if text, err := json.Marshal(*m); err != nil || len(text) > 8<<10 {
		return durables.TypeError(fmt.Sprintf("updateConfig: %s is no JSON object of at most 8 KB", name))
	}
	return nil
}

// updateConfig writes D1 first, if nobody else has since the version given, and the copy afterwards.
func (t *Tenant) updateConfig(ctx context.Context, u Update) (Updated, error) {
	if err := u.check(); err != nil {
		return Updated{}, err
	}
	before, err := t.current(ctx)
	if err != nil {
		return Updated{}, err
	}
	after := *before
	after.Theme, after.Features = maps.Clone(before.Theme), maps.Clone(before.Features)
	set(&after.DisplayName, u.DisplayName)
	set(&after.Description, u.Description)
	set(&after.Theme, u.Theme)
	set(&after.Features, u.Features)
	set(&after.CommentsEnabled, u.CommentsEnabled)
	set(&after.Moderation, u.Moderation)
	set(&after.CountsVisible, u.CountsVisible)
	theme, err := json.Marshal(after.Theme)
	if err != nil {
		return Updated{}, err
	}
	features, err := json.Marshal(after.Features)
	if err != nil {
		return Updated{}, err
	}
	now := time.Now()
	results, err := db.Batch(ctx,
		db.Prepare(`INSERT INTO comment_settings (tenant_id, enabled, moderation, counts_visible, updated_at) SELECT ?1, ?2, ?3, ?4, ?5
			WHERE EXISTS (SELECT 1 FROM tenants WHERE id = ?1 AND config_version = ?6 AND status = 'active')
			ON CONFLICT (tenant_id) DO UPDATE SET enabled = ?2, moderation = ?3, counts_visible = ?4, updated_at = ?5`).
			Bind(t.id, after.CommentsEnabled, after.Moderation, after.CountsVisible, now, u.Version),
		db.Prepare(`UPDATE tenants SET display_name = ?, description = ?, theme = ?, features = ?, config_version = config_version + 1, updated_at = ?
			WHERE id = ? AND config_version = ? AND status = 'active'`).
			Bind(strings.TrimSpace(after.DisplayName), strings.TrimSpace(after.Description), string(theme), string(features), now, t.id, u.Version),
	)
	if err != nil {
		return Updated{}, fmt.Errorf("tenant: write the configuration: %w", err)
	}
	fresh, err := t.refresh(ctx)
	if err != nil {
		return Updated{}, err
	}
	return Updated{Conflict: results[1].Meta.Changes == 0, Config: *fresh}, nil
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
