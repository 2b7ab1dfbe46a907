package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/grove/ids"
)

// Section is a page that a site's writers add to its admin panel.
type Section struct {
	ID        string `json:"id"`
	Label     string `json:"label"`
	Icon      string `json:"icon"` // as its writer chose it: the name of an icon, or media:{id} for an image of the site
	Href      string `json:"href"` // a path of this site
	Enabled   bool   `json:"enabled"`
	SortOrder int    `json:"sortOrder"`
	// Locked: the tier does not cover it any more. It is kept, and shown without its link.
	Locked bool `json:"locked"`
	// ShownIcon is the name of the icon to show, and IconImage the path of the image to show in its place. Both are empty when the tier does not cover
	// the choice, or when the image is gone: a neutral mark is shown then.
	ShownIcon string `json:"shownIcon"`
	IconImage string `json:"iconImage"`
}

// SectionFields are what a writer says of a section. What is nil stays, or is as new sections have it.
type SectionFields struct {
	Label   *string `json:"label,omitempty"`
	Icon    *string `json:"icon,omitempty"`
	Href    *string `json:"href,omitempty"`
	Enabled *bool   `json:"enabled,omitempty"`
}

// SectionNew is a section to add. ID is one that the writer's program has made, so that the same request twice adds one; with "" each adds one.
type SectionNew struct {
	SectionFields
	ID string `json:"id,omitempty"`
}

// SectionChange changes the section with that id.
type SectionChange struct {
	ID     string        `json:"id"`
	Fields SectionFields `json:"fields"`
}

// SectionResult is the outcome of a change. Problem: "quota", "icon" (the tier does not have it), "image" (the site has no such
// image for an icon), "taken" (the address is another section's), "id" (the id is) or "missing".
type SectionResult struct {
	Problem string   `json:"problem,omitempty"`
	Section *Section `json:"section,omitempty"`
	Again   bool     `json:"again,omitempty"` // it was added by the same request before
}

const maxSections = 200 // of the tier without a limit

func (t *Tenant) getCustomSections(ctx context.Context, _ durables.None) ([]Section, error) {
	c, err := t.current(ctx)
	if err != nil {
		return nil, err
	}
	return t.sections(ctx, c)
}

const sectionQuery = `SELECT s.id, s.label, s.icon, s.href, s.enabled = 1 AS enabled, s.sort_order AS sortOrder, coalesce('/media/' || substr(m.r2_key, length(m.tenant_id) + 2), '') AS image
	FROM admin_sections s LEFT JOIN media m ON m.id = substr(s.icon, 7) AND s.icon = 'media:' || m.id AND m.tenant_id = s.tenant_id
	WHERE s.tenant_id = ? ORDER BY s.sort_order, s.id`

// sectionRow is a section as D1 has it.
type sectionRow struct {
	ID        string `json:"id"`
	Label     string `json:"label"`
	Icon      string `json:"icon"`
	Href      string `json:"href"`
	Enabled   bool   `json:"enabled"`
	SortOrder int    `json:"sortOrder"`
	Image     string `json:"image"` // the path of the image that is the icon
}

func (t *Tenant) sections(ctx context.Context, c *Config) ([]Section, error) {
	var rows []sectionRow
	if err := db.Prepare(sectionQuery).Bind(t.id).All(ctx, &rows); err != nil {
		return nil, fmt.Errorf("tenant: read the sections: %w", err)
	}
	return sectionsOf(c, rows), nil
}

// sectionsOf says what of the rows the tier covers.
func sectionsOf(c *Config, rows []sectionRow) []Section {
	list := []Section{}
	for i, r := range rows {
		s := Section{ID: r.ID, Label: r.Label, Icon: r.Icon, Href: r.Href, Enabled: r.Enabled, SortOrder: r.SortOrder, Locked: c.Limits.Sections >= 0 && i >= c.Limits.Sections}
		switch {
		case !HasIcon(c.Tier, r.Icon):
		case strings.HasPrefix(r.Icon, MediaIcon):
			s.IconImage = r.Image
		default:
			s.ShownIcon = r.Icon
		}
		list = append(list, s)
	}
	return list
}

// checkSection checks what a writer says; chosen is whether the icon is a new choice. Sections lead to pages of the site and nowhere else.
func (t *Tenant) checkSection(ctx context.Context, c *Config, s Section, chosen bool) (problem string, err error) {
	switch {
	case strings.TrimSpace(s.Label) == "" || len(s.Label) > 60 || !utf8.ValidString(s.Label):
		return "", durables.TypeError("section: label has 1 to 60 bytes")
	case !validHref(s.Href):
		return "", durables.TypeError("section: href is a path of this site, such as /recipes")
	case !validIcon(s.Icon):
		return "", durables.TypeError("section: icon is the name of an icon, such as book, or media: and the id of an image of the site")
	case chosen:
		return t.checkIcon(ctx, c, s.Icon)
	}
	return "", nil
}

func validHref(href string) bool {
	return strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") && len(href) <= 200 && !strings.Contains(href, "..") &&
		strings.IndexFunc(href, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/-_.~", r))
		}) < 0
}

func (f SectionFields) apply(s Section) Section {
	set(&s.Label, f.Label)
	set(&s.Icon, f.Icon)
	set(&s.Href, f.Href)
	set(&s.Enabled, f.Enabled)
	s.Label = strings.TrimSpace(s.Label)
	return s
}

func (t *Tenant) addSection(ctx context.Context, n SectionNew) (SectionResult, error) {
	c, err := t.current(ctx)
	if err != nil {
		return SectionResult{}, err
	}
	now := time.Now()
	if n.ID == "" {
		n.ID = ids.New(now)
	} else if done, err := t.addedBefore(ctx, c, n.ID); done.Section != nil || done.Problem != "" || err != nil {
		return done, err
	}
	s := n.apply(Section{ID: n.ID, Icon: "leaf", Enabled: true})
	if problem, err := t.checkSection(ctx, c, s, true); err != nil || problem != "" {
		return SectionResult{Problem: problem}, err
	}
	limit := c.Limits.Sections
	if limit < 0 {
		limit = maxSections
	}
	result, err := db.Prepare(`INSERT INTO admin_sections (id, tenant_id, label, icon, href, enabled, sort_order, created_at, updated_at)
		SELECT ?1, ?2, ?3, ?4, ?5, ?6, (SELECT coalesce(max(sort_order), -1) + 1 FROM admin_sections WHERE tenant_id = ?2), ?7, ?7
		WHERE (SELECT count(*) FROM admin_sections WHERE tenant_id = ?2) < ?8`).
		Bind(s.ID, t.id, s.Label, s.Icon, s.Href, s.Enabled, now, limit).Run(ctx)
	taken := err != nil && strings.Contains(err.Error(), "UNIQUE")
	if taken || err == nil && result.Meta.Changes == 0 { // or the same request was faster
		if done, err := t.addedBefore(ctx, c, s.ID); done.Section != nil || done.Problem != "" || err != nil {
			return done, err
		}
	}
	switch {
	case taken:
		return SectionResult{Problem: "taken"}, nil
	case err != nil:
		return SectionResult{}, fmt.Errorf("tenant: write the section: %w", err)
	case result.Meta.Changes == 0:
		return SectionResult{Problem: "quota"}, nil
	}
	return t.section(ctx, c, s.ID)
}

// addedBefore returns the section of this site that an earlier request added under an id. Problem is "id" when that of another site has it. With neither, none has.
func (t *Tenant) addedBefore(ctx context.Context, c *Config, id string) (SectionResult, error) {
	if !ids.Valid(id) {
		return SectionResult{}, durables.TypeError("section: id is a new UUIDv7 in lower-case letters, or left out")
	}
	var mine bool
	found, err := db.Prepare(`SELECT tenant_id = ? FROM admin_sections WHERE id = ?`).Bind(t.id, id).First(ctx, &mine)
	switch {
	case err != nil:
		return SectionResult{}, fmt.Errorf("tenant: look for an earlier request: %w", err)
	case !found:
		return SectionResult{}, nil
	case !mine:
		return SectionResult{Problem: "id"}, nil
	}
	done, err := t.section(ctx, c, id)
	done.Again = true
	return done, err
}

// section returns a section as it is now.
func (t *Tenant) section(ctx context.Context, c *Config, id string) (SectionResult, error) {
	list, err := t.sections(ctx, c)
	if err != nil {
		return SectionResult{}, err
	}
	i := slices.IndexFunc(list, func(s Section) bool { return s.ID == id })
	if i < 0 {
		return SectionResult{Problem: "missing"}, nil
	}
	return SectionResult{Section: &list[i]}, nil
}

func (t *Tenant) updateSection(ctx context.Context, change SectionChange) (SectionResult, error) {
	c, err := t.current(ctx)
	if err != nil {
		return SectionResult{}, err
	}
	before, err := t.section(ctx, c, change.ID)
	if err != nil || before.Section == nil {
		return before, err
	}
	s := change.Fields.apply(*before.Section)
	if problem, err := t.checkSection(ctx, c, s, s.Icon != before.Section.Icon); err != nil || problem != "" {
		return SectionResult{Problem: problem}, err
	}
	_, err = db.Prepare(`UPDATE admin_sections SET label = ?, icon = ?, href = ?, enabled = ?, updated_at = ? WHERE tenant_id = ? AND id = ?`).
		Bind(s.Label, s.Icon, s.Href, s.Enabled, time.Now(), t.id, s.ID).Run(ctx)
	switch {
	case err != nil && strings.Contains(err.Error(), "UNIQUE"):
		return SectionResult{Problem: "taken"}, nil
	case err != nil:
		return SectionResult{}, fmt.Errorf("tenant: write the section: %w", err)
	}
	return t.section(ctx, c, s.ID)
}

func (t *Tenant) removeSection(ctx context.Context, id string) (bool, error) {
	result, err := db.Prepare(`DELETE FROM admin_sections WHERE tenant_id = ? AND id = ?`).Bind(t.id, id).Run(ctx)
	if err != nil {
		return false, fmt.Errorf("tenant: remove the section: %w", err)
	}
	return result.Meta.Changes > 0, nil
}

// reorderSections puts the sections into the order of their ids. The list must name each of them once; otherwise nothing changes and the answer is false.
func (t *Tenant) reorderSections(ctx context.Context, order []string) (bool, error) {
	c, err := t.current(ctx)
	if err != nil {
		return false, err
	}
	list, err := t.sections(ctx, c)
	if err != nil {
		return false, err
	}
	var have []string
	for _, s := range list {
		have = append(have, s.ID)
	}
	want := slices.Sorted(slices.Values(order))
	if slices.Sort(have); !slices.Equal(have, want) {
		return false, nil
	}
	if len(order) == 0 {
		return true, nil
	}
	positions, err := json.Marshal(order)
	if err != nil {
		return false, err
	}
	_, err = db.Prepare(`UPDATE admin_sections SET sort_order = (SELECT key FROM json_each(?1) WHERE value = admin_sections.id), updated_at = ?2 WHERE tenant_id = ?3`).
		Bind(string(positions), time.Now(), t.id).Run(ctx)
	if err != nil {
		return false, fmt.Errorf("tenant: reorder the sections: %w", err)
	}
	return true, nil
}
