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
)

// AdminConfig is how the admin panel of a site looks and works.
type AdminConfig struct {
	Font              string         `json:"font"`
	Theme             map[string]any `json:"theme"`
	EditorPreferences map[string]any `json:"editorPreferences"`
	HiddenSections    []string       `json:"hiddenSections"` // of OptionalSections: those that the panel's list leaves out
	CustomSections    []Section      `json:"customSections"`
	Version           int64          `json:"version"`
}

// AdminUpdate changes the admin configuration. What is nil stays. Version is the one that the change is based on.
type AdminUpdate struct {
	Version           int64           `json:"version"`
	Font              *string         `json:"font,omitempty"`
	Theme             *map[string]any `json:"theme,omitempty"`
	EditorPreferences *map[string]any `json:"editorPreferences,omitempty"`
	HiddenSections    *[]string       `json:"hiddenSections,omitempty"`
}

// OptionalSections are the panel's own pages that a site can do without in its list. They stay where they are.
var OptionalSections = []string{"analytics", "trails"}

// AdminUpdated is the outcome. Conflict: somebody else was faster, and nothing was changed.
type AdminUpdated struct {
	Conflict bool        `json:"conflict,omitempty"`
	Config   AdminConfig `json:"config"`
}

type adminRow struct {
	Font        string `json:"font"`
	Theme       string `json:"theme"`
	Preferences string `json:"editor_preferences"`
	Hidden      string `json:"hidden_sections"`
	Version     int64  `json:"version"`
}

func (t *Tenant) getAdminConfig(ctx context.Context, _ durables.None) (AdminConfig, error) {
	c, err := t.current(ctx)
	if err != nil {
		return AdminConfig{}, err
	}
	r := adminRow{Theme: "{}", Preferences: "{}", Hidden: "[]"}
	results, err := db.Batch(ctx,
		db.Prepare(`SELECT font, theme, editor_preferences, hidden_sections, version FROM tenant_admin_config WHERE tenant_id = ?`).Bind(t.id),
		db.Prepare(sectionQuery).Bind(t.id))
	if err != nil {
		return AdminConfig{}, fmt.Errorf("tenant: read the admin configuration: %w", err)
	}
	rows, list := []adminRow{}, []sectionRow{}
	if err := errors.Join(results[0].Scan(&rows), results[1].Scan(&list)); err != nil {
		return AdminConfig{}, err
	}
	if len(rows) > 0 {
		r = rows[0]
	}
	a := AdminConfig{Font: r.Font, Version: r.Version, CustomSections: sectionsOf(c, list)}
	return a, errors.Join(json.Unmarshal([]byte(r.Theme), &a.Theme), json.Unmarshal([]byte(r.Preferences), &a.EditorPreferences), json.Unmarshal([]byte(r.Hidden), &a.HiddenSections))
}

func (t *Tenant) updateAdminConfig(ctx context.Context, u AdminUpdate) (AdminUpdated, error) {
	if u.Font != nil && len(*u.Font) > 100 {
		return AdminUpdated{}, durables.TypeError("updateAdminConfig: font is longer than 100 bytes")
	}
	for name, m := range map[string]*map[string]any{"theme": u.Theme, "editorPreferences": u.EditorPreferences} {
		if err := small(name, m); err != nil {
			return AdminUpdated{}, err
		}
	}
	if u.HiddenSections != nil {
		for _, name := range *u.HiddenSections {
			if !slices.Contains(OptionalSections, name) {
				return AdminUpdated{}, durables.TypeError("updateAdminConfig: hiddenSections names " + strings.Join(OptionalSections, " or ") + ": the other pages are always listed")
			}
		}
	}
	a, err := t.getAdminConfig(ctx, durables.None{})
	if err != nil {
		return AdminUpdated{}, err
	}
	set(&a.Font, u.Font)
	set(&a.Theme, u.Theme)
	set(&a.EditorPreferences, u.EditorPreferences)
	set(&a.HiddenSections, u.HiddenSections)
	hidden, err := json.Marshal(slices.Compact(slices.Sorted(slices.Values(a.HiddenSections))))
	if err != nil {
		return AdminUpdated{}, err
	}
	theme, err := json.Marshal(a.Theme)
	if err != nil {
		return AdminUpdated{}, err
	}
	preferences, err := json.Marshal(a.EditorPreferences)
	if err != nil {
		return AdminUpdated{}, err
	}
	result, err := db.Prepare(`INSERT INTO tenant_admin_config (tenant_id, font, theme, editor_preferences, version, updated_at, hidden_sections) SELECT ?1, ?2, ?3, ?4, 1, ?5, ?7
		WHERE ?6 = 0 OR EXISTS (SELECT 1 FROM tenant_admin_config WHERE tenant_id = ?1)
		ON CONFLICT (tenant_id) DO UPDATE SET font = ?2, theme = ?3, editor_preferences = ?4, version = version + 1, updated_at = ?5, hidden_sections = ?7 WHERE version = ?6`).
		Bind(t.id, a.Font, string(theme), string(preferences), time.Now(), u.Version, string(hidden)).Run(ctx)
	if err != nil {
		return AdminUpdated{}, fmt.Errorf("tenant: write the admin configuration: %w", err)
	}
	fresh, err := t.getAdminConfig(ctx, durables.None{})
	return AdminUpdated{Conflict: result.Meta.Changes == 0, Config: fresh}, err
}
