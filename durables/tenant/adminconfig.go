package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"grove.place/lattice/durables"
)

// AdminConfig is how the admin panel of a site looks and works.
type AdminConfig struct {
	Font              string         `json:"font"`
	Theme             map[string]any `json:"theme"`
	EditorPreferences map[string]any `json:"editorPreferences"`
	CustomSections    []Section      `json:"customSections"`
	Version           int64          `json:"version"`
}

// AdminUpdate changes the admin configuration. What is nil stays. Version is the one that the change is based on.
type AdminUpdate struct {
	Version           int64           `json:"version"`
	Font              *string         `json:"font,omitempty"`
	Theme             *map[string]any `json:"theme,omitempty"`
	EditorPreferences *map[string]any `json:"editorPreferences,omitempty"`
}

// AdminUpdated is the outcome. Conflict: somebody else was faster, and nothing was changed.
type AdminUpdated struct {
	Conflict bool        `json:"conflict,omitempty"`
	Config   AdminConfig `json:"config"`
}

type adminRow struct {
	Font        string `json:"font"`
	Theme       string `json:"theme"`
	Preferences string `json:"editor_preferences"`
	Version     int64  `json:"version"`
}

func (t *Tenant) getAdminConfig(ctx context.Context, _ durables.None) (AdminConfig, error) {
	c, err := t.current(ctx)
	if err != nil {
		return AdminConfig{}, err
	}
	r := adminRow{Theme: "{}", Preferences: "{}"}
	if _, err := db.Prepare(`SELECT font, theme, editor_preferences, version FROM tenant_admin_config WHERE tenant_id = ?`).Bind(t.id).First(ctx, &r); err != nil {
		return AdminConfig{}, fmt.Errorf("tenant: read the admin configuration: %w", err)
	}
	a := AdminConfig{Font: r.Font, Version: r.Version}
	if err := json.Unmarshal([]byte(r.Theme), &a.Theme); err != nil {
		return a, err
	}
	if err := json.Unmarshal([]byte(r.Preferences), &a.EditorPreferences); err != nil {
		return a, err
	}
	a.CustomSections, err = t.sections(ctx, c)
	return a, err
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
	a, err := t.getAdminConfig(ctx, durables.None{})
	if err != nil {
		return AdminUpdated{}, err
	}
	set(&a.Font, u.Font)
	set(&a.Theme, u.Theme)
	set(&a.EditorPreferences, u.EditorPreferences)
	theme, err := json.Marshal(a.Theme)
	if err != nil {
		return AdminUpdated{}, err
	}
	preferences, err := json.Marshal(a.EditorPreferences)
	if err != nil {
		return AdminUpdated{}, err
	}
	result, err := db.Prepare(`INSERT INTO tenant_admin_config (tenant_id, font, theme, editor_preferences, version, updated_at) SELECT ?1, ?2, ?3, ?4, 1, ?5
		WHERE ?6 = 0 OR EXISTS (SELECT 1 FROM tenant_admin_config WHERE tenant_id = ?1)
		ON CONFLICT (tenant_id) DO UPDATE SET font = ?2, theme = ?3, editor_preferences = ?4, version = version + 1, updated_at = ?5 WHERE version = ?6`).
		Bind(t.id, a.Font, string(theme), string(preferences), time.Now(), u.Version).Run(ctx)
	if err != nil {
		return AdminUpdated{}, fmt.Errorf("tenant: write the admin configuration: %w", err)
	}
	fresh, err := t.getAdminConfig(ctx, durables.None{})
	return AdminUpdated{Conflict: result.Meta.Changes == 0, Config: fresh}, err
}
