package tenant_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/tenant"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/websocket"
)

var db = d1.Database("DB")

type site struct {
	*testing.T
	host  *local.Host
	id    string
	owner string
	stub  *durables.Stub[tenant.Tenant]
}

// open starts a host with one site, of that tier.
func open(t *testing.T, tier string) site {
	h := local.StartTest(t, local.TestOptions{Package: "./testdata/module", Options: local.Options{
		Objects: map[string]string{"TENANTS": "TenantDO", "ANALYTICS": "AnalyticsDO"}, Databases: map[string]local.Database{"DB": {Migrations: "../../migrations"}},
	}})
	now := h.Clock.Now()
	s := site{t, h, ids.New(now), ids.New(now), nil}
	s.stub = tenant.Of(s.id)
	s.user(s.owner)
	s.sql(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, tier, created_at, updated_at) VALUES (?, 'alice', ?, 'Alice', ?, ?, ?)`, s.id, s.owner, tier, now, now)
	s.sql(`INSERT INTO tenant_members (tenant_id, user_id, role, created_at) VALUES (?, ?, 'owner', ?)`, s.id, s.owner, now)
	return s
}

func (s site) user(id string) {
	s.Helper()
	s.sql(`INSERT INTO users (id, email, email_norm, name, created_at, updated_at) VALUES (?1, ?1, ?1, 'Somebody', 0, 0)`, id)
}

func (s site) sql(query string, args ...any) d1.Result {
	s.Helper()
	r, err := db.Prepare(query).Bind(args...).Run(s.host.Context())
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func one[V any](s site, query string, args ...any) (v V) {
	s.Helper()
	if _, err := db.Prepare(query).Bind(args...).First(s.host.Context(), &v); err != nil {
		s.Fatal(err)
	}
	return v
}

// call calls a method that must not fail.
func call[P, R any](s site, m *durables.MethodOf[tenant.Tenant, P, R], p P) R {
	s.Helper()
	r, err := m.Call(s.host.Context(), s.stub, p)
	if err != nil {
		s.Fatalf("%s: %v", m.Name(), err)
	}
	return r
}

// refuses calls a method with something that it must refuse.
func refuses[P, R any](s site, m *durables.MethodOf[tenant.Tenant, P, R], p P) {
	s.Helper()
	if r, err := m.Call(s.host.Context(), s.stub, p); err == nil {
		s.Errorf("%s took %+v and answered %+v", m.Name(), p, r)
	}
}

func ptr[V any](v V) *V { return &v }

func view(path string) *analytics.Event {
	return &analytics.Event{Type: analytics.PageView, Path: path, Visitor: "v"}
}

func TestAVisitIsAdmittedInOneCall(t *testing.T) {
	s := open(t, "oak")
	a := call(s, tenant.Admit, tenant.Visit{Visitor: "v", Event: view("/")})
	if a.State != tenant.Found || !a.Allowed || a.Config == nil || a.Config.DisplayName != "Alice" || a.Config.Limits.Sections != 10 {
		t.Fatalf("%+v %+v", a, a.Config)
	}
	if again := call(s, tenant.Admit, tenant.Visit{Visitor: "v", KnownVersion: a.Version, Event: view("/")}); again.Config != nil || again.Version != a.Version {
		t.Errorf("a caller who knows the configuration is told again: %+v", again)
	}
	// Visits reach AnalyticsDO within a minute, over an eviction.
	if _, err := s.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	s.host.Clock.Advance(time.Minute)
	stats, err := analytics.GetStats.Call(s.host.Context(), analytics.Of(s.id, analytics.Day(s.host.Clock.Now().UnixMilli())), durables.None{})
	if err != nil || stats.PageViews != 2 {
		t.Errorf("AnalyticsDO counted %+v, %v", stats, err)
	}
	if b := call(s, tenant.GetBacklog, durables.None{}); b.Visits != 0 {
		t.Errorf("visits are left: %+v", b)
	}
}

func TestSitesThatAreNotThere(t *testing.T) {
	s := open(t, "oak")
	s.stub = tenant.Of(ids.New(s.host.Clock.Now()))
	if a := call(s, tenant.Admit, tenant.Visit{Visitor: "v", Event: view("/")}); a.State != tenant.Missing || a.Allowed {
		t.Errorf("a missing site: %+v", a)
	}
	s.stub = tenant.Of(s.id)
	s.sql(`UPDATE tenants SET status = 'suspended'`)
	if a := call(s, tenant.Admit, tenant.Visit{Visitor: "v"}); a.State != tenant.Suspended || a.Allowed {
		t.Errorf("a suspended site: %+v", a)
	}
	if _, err := tenant.Admit.Call(s.host.Context(), tenant.Class.Namespace("TENANTS").GetByName("tenant:alice"), tenant.Visit{}); err == nil {
		t.Error("an object has the name of a subdomain")
	}
}

func TestOneVisitorCannotCloseASite(t *testing.T) {
	s := open(t, "oak") // 240 a minute for one visitor
	allowed := 0
	var refused tenant.Admission
	for range 260 {
		if a := call(s, tenant.Admit, tenant.Visit{Visitor: "v"}); a.Allowed {
			allowed++
		} else {
			refused = a
		}
	}
	now := s.host.Clock.Now().UnixMilli()
	if allowed != 240 || refused.ResetAt <= now || refused.ResetAt > now+60_000 {
		t.Errorf("%d of 260 were allowed; the last may come in %d ms", allowed, refused.ResetAt-now)
	}
	if a := call(s, tenant.Admit, tenant.Visit{Visitor: "another"}); !a.Allowed {
		t.Error("another visitor is kept out")
	}
	s.host.Clock.Advance(time.Duration(refused.ResetAt-now) * time.Millisecond)
	if a := call(s, tenant.Admit, tenant.Visit{Visitor: "v"}); !a.Allowed {
		t.Error("the visitor is kept out at the time that was given")
	}
	refuses(s, tenant.CheckRateLimit, tenant.Rate{Key: "", Limit: 1, WindowSeconds: 1})
	for i, want := range []bool{true, true, false} {
		if d := call(s, tenant.CheckRateLimit, tenant.Rate{Key: "upload", Limit: 2, WindowSeconds: 3600}); d.Allowed != want || want && d.Remaining != 1-i {
			t.Errorf("request %d of 2: %+v", i+1, d)
		}
	}
}

func TestTheConfigurationHasAVersion(t *testing.T) {
	s := open(t, "oak")
	c := call(s, tenant.GetConfig, durables.None{})
	u := call(s, tenant.UpdateConfig, tenant.Update{Version: c.Version, DisplayName: ptr("  New name "), CountsVisible: ptr("everyone"), Theme: &map[string]any{"color": "green"}})
	if u.Conflict || u.Config.DisplayName != "New name" || u.Config.CountsVisible != "everyone" || u.Config.Theme["color"] != "green" || u.Config.Version != c.Version+1 {
		t.Errorf("%+v", u)
	}
	late := call(s, tenant.UpdateConfig, tenant.Update{Version: c.Version, DisplayName: ptr("Late"), CountsVisible: ptr("author")})
	if !late.Conflict || late.Config.DisplayName != "New name" || late.Config.CountsVisible != "everyone" {
		t.Errorf("a change of an old version: %+v", late)
	}
	for _, bad := range []tenant.Update{{DisplayName: ptr(" ")}, {Moderation: ptr("maybe")}, {Theme: &map[string]any{"x": strings.Repeat("y", 9000)}}} {
		bad.Version = u.Config.Version
		refuses(s, tenant.UpdateConfig, bad)
	}
	// A change past the object is seen within five minutes, or at once when it is told.
	s.sql(`UPDATE tenants SET display_name = 'Elsewhere', config_version = config_version + 1`)
	if c := call(s, tenant.GetConfig, durables.None{}); c.DisplayName != "New name" {
		t.Errorf("the copy is not used: %+v", c)
	}
	call(s, tenant.Invalidate, durables.None{})
	if c := call(s, tenant.GetConfig, durables.None{}); c.DisplayName != "Elsewhere" {
		t.Errorf("after it was told: %+v", c)
	}
	s.sql(`UPDATE tenants SET display_name = 'Later', config_version = config_version + 1`)
	s.host.Clock.Advance(5 * time.Minute)
	if c := call(s, tenant.GetConfig, durables.None{}); c.DisplayName != "Later" {
		t.Errorf("after five minutes: %+v", c)
	}
	// D1 goes away: the old copy serves.
	s.sql(`ALTER TABLE tenants RENAME TO away`)
	s.host.Clock.Advance(time.Hour)
	if c := call(s, tenant.GetConfig, durables.None{}); c.DisplayName != "Later" {
		t.Errorf("without D1: %+v", c)
	}
	refuses(s, tenant.UpdateConfig, tenant.Update{Version: 4, DisplayName: ptr("x")})
}

func TestNamesAreHeldAfterARename(t *testing.T) {
	s := open(t, "oak")
	if r := call(s, tenant.Rename, "wonder"); r.Problem != "" {
		t.Fatalf("%+v", r)
	}
	if c := call(s, tenant.GetConfig, durables.None{}); c.Subdomain != "wonder" {
		t.Errorf("%+v", c)
	}
	other := s
	other.id = ids.New(s.host.Clock.Now())
	other.stub = tenant.Of(other.id)
	s.sql(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, created_at, updated_at) VALUES (?, 'bob', ?, 'Bob', 0, 0)`, other.id, s.owner)
	for _, name := range []string{"alice", "wonder"} {
		if r := call(other, tenant.Rename, name); r.Problem != "taken" {
			t.Errorf("somebody else got the name %s: %+v", name, r)
		}
	}
	for _, name := range []string{"www", "a", "-x-", "UPPER", "a.b"} {
		refuses(s, tenant.Rename, name)
	}
	if r := call(s, tenant.Rename, "alice"); r.Problem != "" {
		t.Errorf("the site cannot have its own name again: %+v", r)
	}
	s.host.Clock.Advance(91 * 24 * time.Hour)
	if r := call(other, tenant.Rename, "wonder"); r.Problem != "" {
		t.Errorf("a name is held for ever: %+v", r)
	}
}

func TestRoles(t *testing.T) {
	s := open(t, "oak")
	bob := ids.New(s.host.Clock.Now())
	s.user(bob)
	if role := call(s, tenant.GetRole, bob); role != "" {
		t.Errorf("a stranger is %q", role)
	}
	call(s, tenant.SetMember, tenant.MemberChange{UserID: bob, Role: "editor"})
	if role := call(s, tenant.GetRole, bob); role != "editor" || call(s, tenant.GetRole, s.owner) != "owner" || call(s, tenant.GetRole, "x") != "" {
		t.Errorf("bob is %q", role)
	}
	if list := call(s, tenant.ListMembers, durables.None{}); len(list) != 2 {
		t.Errorf("members: %+v", list)
	}
	for _, bad := range []tenant.MemberChange{{UserID: s.owner, Role: "viewer"}, {UserID: bob, Role: "owner"}, {UserID: bob, Role: "king"}, {UserID: ids.New(time.Now()), Role: "viewer"}} {
		refuses(s, tenant.SetMember, bad)
	}
	call(s, tenant.SetMember, tenant.MemberChange{UserID: s.owner})
	call(s, tenant.SetMember, tenant.MemberChange{UserID: bob})
	if call(s, tenant.GetRole, bob) != "" || call(s, tenant.GetRole, s.owner) != "owner" {
		t.Error("a role that was taken away is there, or the owner is gone")
	}
	for _, c := range []struct {
		have, need string
		want       bool
	}{{"owner", "viewer", true}, {"author", "editor", false}, {"", "viewer", false}, {"editor", "king", false}} {
		if tenant.Covers(c.have, c.need) != c.want {
			t.Errorf("%q covers %q: %v", c.have, c.need, !c.want)
		}
	}
}

func TestTwoDevicesAndOneDraft(t *testing.T) {
	s := open(t, "seedling")
	save := tenant.DraftSave{DraftID: ids.New(s.host.Clock.Now()), Slug: "hello", Content: "one", Metadata: tenant.DraftMetadata{Title: "Hello"}, DeviceID: "desk", AuthorID: s.owner}
	if r := call(s, tenant.SaveDraft, save); r.Conflict || r.Current == nil || r.Current.Revision != 1 || r.Current.SavedAt != s.host.Clock.Now().UnixMilli() {
		t.Fatalf("%+v", r)
	}
	desk, phone := save, save
	desk.BaseRevision, desk.Content = 1, "from the desk"
	phone.BaseRevision, phone.Content, phone.DeviceID = 1, "from the phone", "phone"
	call(s, tenant.SaveDraft, desk)
	if r := call(s, tenant.SaveDraft, desk); r.Conflict || r.Current.Revision != 2 {
		t.Errorf("the same save again: %+v", r)
	}
	if r := call(s, tenant.SaveDraft, phone); !r.Conflict || r.Current == nil || r.Current.Content != "from the desk" {
		t.Errorf("a save of an old revision: %+v", r)
	}
	phone.BaseRevision = 2
	call(s, tenant.SaveDraft, phone)
	if d := call(s, tenant.GetDraft, save.DraftID); d == nil || d.Content != "from the phone" || d.Metadata.Title != "Hello" {
		t.Errorf("%+v", d)
	}
	// It is copied to D1 within five minutes, also over an eviction.
	s.host.Clock.Advance(5 * time.Minute)
	if got := one[string](s, `SELECT content || ' ' || revision FROM drafts`); got != "from the phone 3" {
		t.Errorf("D1 has %q", got)
	}
	if !call(s, tenant.DeleteDraft, save.DraftID) || call(s, tenant.DeleteDraft, save.DraftID) || call(s, tenant.GetDraft, save.DraftID) != nil || len(call(s, tenant.ListDrafts, durables.None{})) != 0 {
		t.Error("the draft is still there")
	}
	phone.BaseRevision = 3
	if r := call(s, tenant.SaveDraft, phone); !r.Conflict || !r.Deleted {
		t.Errorf("a device brought a deleted draft back: %+v", r)
	}
	s.host.Clock.Advance(5 * time.Minute)
	if got := one[int](s, `SELECT count(*) FROM drafts WHERE deleted_at IS NOT NULL AND content = ''`); got != 1 {
		t.Error("D1 does not know that the draft is gone")
	}
	large := save
	large.DraftID, large.Content = ids.New(s.host.Clock.Now()), strings.Repeat("x", 300<<10)
	if r := call(s, tenant.SaveDraft, large); r.Problem != "too_large" {
		t.Errorf("%+v", r)
	}
	for i := range 21 {
		next := save
		next.DraftID = ids.New(s.host.Clock.Now())
		if r := call(s, tenant.SaveDraft, next); (r.Problem == "quota") != (i == 20) {
			t.Errorf("draft %d: %+v", i+1, r)
		}
	}
	refuses(s, tenant.SaveDraft, tenant.DraftSave{DraftID: "new", AuthorID: s.owner})
}

func TestSectionsByTier(t *testing.T) {
	s := open(t, "sapling") // 2 sections, 10 icons
	add := func(label, href, icon string) tenant.SectionResult {
		return call(s, tenant.AddSection, tenant.SectionNew{SectionFields: tenant.SectionFields{Label: &label, Href: &href, Icon: &icon}})
	}
	first, second := add("Recipes", "/recipes", "book"), add("Events", "/events", "calendar")
	if first.Section == nil || second.Section == nil || first.Section.SortOrder >= second.Section.SortOrder {
		t.Fatalf("%+v %+v", first, second)
	}
	for problem, r := range map[string]tenant.SectionResult{"quota": add("Third", "/third", "book"), "icon": add("Icon", "/icon", "rocket"), "taken": func() tenant.SectionResult {
		return call(s, tenant.UpdateSection, tenant.SectionChange{ID: second.Section.ID, Fields: tenant.SectionFields{Href: ptr("/recipes")}})
	}(), "missing": call(s, tenant.UpdateSection, tenant.SectionChange{ID: "x"})} {
		if r.Problem != problem {
			t.Errorf("%+v, want %s", r, problem)
		}
	}
	for _, href := range []string{"javascript:alert(1)", "//x.test", "https://x.test", "/a/../b", "/a b", "", "/a\"onclick"} {
		refuses(s, tenant.AddSection, tenant.SectionNew{SectionFields: tenant.SectionFields{Label: ptr("x"), Href: &href}})
	}
	if call(s, tenant.ReorderSections, []string{second.Section.ID}) || !call(s, tenant.ReorderSections, []string{second.Section.ID, first.Section.ID}) {
		t.Error("an order that is no permutation was taken, or one that is was not")
	}
	// After a downgrade the surplus is kept, but locked.
	s.sql(`UPDATE tenants SET tier = 'seedling', config_version = config_version + 1`)
	call(s, tenant.Invalidate, durables.None{})
	list := call(s, tenant.GetCustomSections, durables.None{})
	if len(list) != 2 || list[0].ID != second.Section.ID || !list[0].Locked || !list[1].Locked {
		t.Errorf("after a downgrade: %+v", list)
	}
	if !call(s, tenant.RemoveSection, first.Section.ID) || call(s, tenant.RemoveSection, first.Section.ID) {
		t.Error("a section is not removed once")
	}
	if a := call(s, tenant.GetAdminConfig, durables.None{}); len(a.CustomSections) != 1 || a.Version != 0 {
		t.Errorf("%+v", a)
	}
}

func TestIconsByTier(t *testing.T) {
	s := open(t, "sapling")
	tier := func(name string) {
		t.Helper()
		s.sql(`UPDATE tenants SET tier = ?, config_version = config_version + 1`, name)
		call(s, tenant.Invalidate, durables.None{})
	}
	medium := func(tenantID, mime string) string {
		t.Helper()
		id := ids.New(s.host.Clock.Now())
		s.sql(`INSERT INTO media (id, tenant_id, uploaded_by, r2_key, size, mime, sha256, created_at) VALUES (?1, ?2, ?3, ?2 || '/' || ?1 || '.png', 1, ?4, '', 0)`, id, tenantID, s.owner, mime)
		return "media:" + id
	}
	other := ids.New(s.host.Clock.Now())
	s.sql(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, tier, created_at, updated_at) VALUES (?, 'bob', ?, 'Bob', 'evergreen', 0, 0)`, other, s.owner)
	mine, theirs, drawing := medium(s.id, "image/png"), medium(other, "image/png"), medium(s.id, "image/svg+xml")
	none := "media:" + ids.New(s.host.Clock.Now())

	made := call(s, tenant.AddSection, tenant.SectionNew{SectionFields: tenant.SectionFields{Label: ptr("One"), Href: ptr("/one"), Icon: ptr("book")}}).Section
	choose := func(icon string) tenant.SectionResult {
		t.Helper()
		return call(s, tenant.UpdateSection, tenant.SectionChange{ID: made.ID, Fields: tenant.SectionFields{Icon: &icon}})
	}
	if len(tenant.BasicIcons) != 10 {
		t.Errorf("there are %d basic icons", len(tenant.BasicIcons))
	}
	for _, icon := range tenant.BasicIcons {
		if r := choose(icon); r.Section == nil || r.Section.ShownIcon != icon {
			t.Errorf("%s: %+v", icon, r)
		}
	}
	for _, c := range []struct{ tier, icon, problem string }{
		{"sapling", "rocket", "icon"}, {"sapling", mine, "icon"}, {"oak", "rocket", ""}, {"oak", "a-name-that-we-do-not-draw", ""}, {"oak", mine, "icon"},
		{"evergreen", "rocket", ""}, {"evergreen", theirs, "image"}, {"evergreen", none, "image"}, {"evergreen", drawing, "image"}, {"evergreen", mine, ""},
	} {
		tier(c.tier)
		r := choose(c.icon)
		if r.Problem != c.problem {
			t.Errorf("%s chooses %s: %q, want %q", c.tier, c.icon, r.Problem, c.problem)
		}
		if r.Section != nil && (r.Section.Icon != c.icon || (r.Section.ShownIcon == c.icon) == (r.Section.IconImage != "")) {
			t.Errorf("%s has chosen %s: %+v", c.tier, c.icon, r.Section)
		}
	}
	for _, bad := range []string{"", "Book", "a b", "media:", "media:x", mine + "x", "media:../" + other, "<svg>", strings.Repeat("a", 41)} {
		refuses(s, tenant.UpdateSection, tenant.SectionChange{ID: made.ID, Fields: tenant.SectionFields{Icon: &bad}})
	}
	is := func(what, icon, shown, image string) {
		t.Helper()
		for _, list := range [][]tenant.Section{call(s, tenant.GetCustomSections, durables.None{}), call(s, tenant.GetAdminConfig, durables.None{}).CustomSections} {
			if len(list) != 1 || list[0].Icon != icon || list[0].ShownIcon != shown || list[0].IconImage != image {
				t.Errorf("%s: %+v", what, list)
			}
		}
	}
	path := "/media/" + strings.TrimPrefix(mine, "media:") + ".png"
	is("with an image", mine, "", path)
	// After a downgrade the choice is kept, is not shown, and does not hinder other changes; with the tier it is back.
	tier("oak")
	is("after a downgrade", mine, "", "")
	if r := call(s, tenant.UpdateSection, tenant.SectionChange{ID: made.ID, Fields: tenant.SectionFields{Label: ptr("Two")}}); r.Section == nil || r.Section.Label != "Two" || r.Section.Icon != mine {
		t.Errorf("after a downgrade a section cannot be changed: %+v", r)
	}
	tier("evergreen")
	is("with the tier again", mine, "", path)
	s.sql(`DELETE FROM media WHERE tenant_id = ?`, s.id)
	is("without the image", mine, "", "")
	choose("rocket")
	tier("sapling")
	is("a name after a downgrade", "rocket", "", "")
}

func TestOptionalPagesCanBeHidden(t *testing.T) {
	s := open(t, "oak")
	hidden := func(want ...string) {
		t.Helper()
		if a := call(s, tenant.GetAdminConfig, durables.None{}); a.HiddenSections == nil || !slices.Equal(a.HiddenSections, want) {
			t.Errorf("hidden are %q, want %q", a.HiddenSections, want)
		}
	}
	hidden()
	if u := call(s, tenant.UpdateAdminConfig, tenant.AdminUpdate{HiddenSections: &[]string{"trails", "analytics", "trails"}}); u.Conflict || u.Config.Version != 1 {
		t.Errorf("%+v", u)
	}
	hidden("analytics", "trails")
	if u := call(s, tenant.UpdateAdminConfig, tenant.AdminUpdate{Version: 1, Font: ptr("Serif")}); u.Conflict {
		t.Errorf("%+v", u)
	}
	hidden("analytics", "trails")
	if late := call(s, tenant.UpdateAdminConfig, tenant.AdminUpdate{Version: 1, HiddenSections: &[]string{}}); !late.Conflict {
		t.Errorf("a change of an old version: %+v", late)
	}
	hidden("analytics", "trails")
	for _, name := range []string{"settings", "dashboard", "", "Trails"} {
		refuses(s, tenant.UpdateAdminConfig, tenant.AdminUpdate{Version: 2, HiddenSections: &[]string{name}})
	}
	if u := call(s, tenant.UpdateAdminConfig, tenant.AdminUpdate{Version: 2, HiddenSections: &[]string{}}); u.Conflict {
		t.Errorf("%+v", u)
	}
	hidden()
}

func TestTheAdminConfigurationHasAVersion(t *testing.T) {
	s := open(t, "oak")
	u := call(s, tenant.UpdateAdminConfig, tenant.AdminUpdate{Font: ptr("Serif"), EditorPreferences: &map[string]any{"zen": true}})
	if u.Conflict || u.Config.Font != "Serif" || u.Config.Version != 1 || u.Config.EditorPreferences["zen"] != true {
		t.Errorf("%+v", u)
	}
	if late := call(s, tenant.UpdateAdminConfig, tenant.AdminUpdate{Font: ptr("Late")}); !late.Conflict || late.Config.Font != "Serif" {
		t.Errorf("a change of an old version: %+v", late)
	}
	if next := call(s, tenant.UpdateAdminConfig, tenant.AdminUpdate{Version: 1, Font: ptr("Mono")}); next.Conflict || next.Config.Version != 2 {
		t.Errorf("%+v", next)
	}
}

func TestDashboardStats(t *testing.T) {
	s := open(t, "oak")
	now := s.host.Clock.Now()
	for i, tags := range []string{`["go","a"]`, `["go"]`} {
		s.sql(`INSERT INTO posts (id, tenant_id, author_id, slug, title, body_md, body_html, tags, status, word_count, published_at, created_at, updated_at)
			VALUES (?, ?, ?, ?, 'T', '', '', ?, 'published', 100, ?, 0, ?)`, ids.New(now), s.id, s.owner, fmt.Sprint(i), tags, now.Add(-time.Duration(i)*40*24*time.Hour), now)
	}
	got := call(s, tenant.GetDashboardStats, durables.None{})
	if got.PostCount != 2 || got.TotalWords != 200 || got.PublishedThisMonth != 1 || len(got.TopTags) != 2 || got.TopTags[0] != (tenant.TagCount{Tag: "go", Count: 2}) || got.LastActivity != now.UnixMilli() {
		t.Errorf("%+v", got)
	}
	s.sql(`DELETE FROM posts`)
	if again := call(s, tenant.GetDashboardStats, durables.None{}); again.PostCount != 2 {
		t.Errorf("computed again within the hour: %+v", again)
	}
	s.host.Clock.Advance(time.Hour)
	if later := call(s, tenant.GetDashboardStats, durables.None{}); later.PostCount != 0 || later.ComputedAt != s.host.Clock.Now().UnixMilli() {
		t.Errorf("after the hour: %+v", later)
	}
	s.sql(`INSERT INTO posts (id, tenant_id, author_id, slug, title, body_md, body_html, status, published_at, created_at, updated_at)
		VALUES (?, ?, ?, 'new', 'T', '', '', 'published', 0, 0, 0)`, ids.New(now), s.id, s.owner)
	if fresh := call(s, tenant.RefreshDashboardStats, durables.None{}); fresh.PostCount != 1 {
		t.Errorf("%+v", fresh)
	}
}

func TestTrails(t *testing.T) {
	s := open(t, "oak")
	now := s.host.Clock.Now()
	phase, point := ids.New(now), ids.New(now)
	trail := tenant.Trail{Slug: "book", Name: "The book", Visibility: "public", Phases: []tenant.Phase{{ID: phase, Name: "Draft"}},
		Waypoints: []tenant.Waypoint{{ID: point, PhaseID: phase, Title: "Chapter 1", Status: "planned", TargetDate: "2026-03-01"}, {ID: ids.New(now), Title: "Rest", Status: "planned"}}}
	saved := call(s, tenant.SetTrail, trail)
	if saved.Conflict || saved.Trail == nil || saved.Trail.Version != 1 || len(saved.Trail.Waypoints) != 2 || saved.Trail.Waypoints[0].Title != "Chapter 1" {
		t.Fatalf("%+v", saved)
	}
	// A status counts at once here, and in D1 within five minutes.
	if !call(s, tenant.QueueWaypointUpdate, tenant.WaypointUpdate{Slug: "book", WaypointID: point, Status: "active"}) ||
		!call(s, tenant.QueueWaypointUpdate, tenant.WaypointUpdate{Slug: "book", WaypointID: point, Status: "done"}) ||
		call(s, tenant.QueueWaypointUpdate, tenant.WaypointUpdate{Slug: "book", WaypointID: "x", Status: "done"}) {
		t.Error("a status was not taken, or one of a waypoint that is not there was")
	}
	call(s, tenant.InvalidateTrail, "book")
	if got := call(s, tenant.GetTrail, "book"); got.Waypoints[0].Status != "done" || one[string](s, `SELECT status FROM trail_waypoints WHERE id = ?`, point) != "planned" {
		t.Errorf("before the flush: %+v", got)
	}
	s.host.Clock.Advance(5 * time.Minute)
	if got := one[string](s, `SELECT status FROM trail_waypoints WHERE id = ?`, point); got != "done" {
		t.Errorf("after the flush D1 has %q", got)
	}
	if late := call(s, tenant.SetTrail, trail); !late.Conflict {
		t.Errorf("a second trail of that address: %+v", late)
	}
	next := *call(s, tenant.GetTrail, "book")
	next.Waypoints = next.Waypoints[:1]
	if r := call(s, tenant.SetTrail, next); r.Conflict || r.Trail.Version != 2 || len(r.Trail.Waypoints) != 1 {
		t.Errorf("%+v", r)
	}
	if r := call(s, tenant.SetTrail, next); !r.Conflict {
		t.Errorf("a change of an old version: %+v", r)
	}
	next.Visibility = "secret"
	refuses(s, tenant.SetTrail, next)
	if got := call(s, tenant.GetTrail, "none"); got != nil {
		t.Errorf("%+v", got)
	}
}

func TestATenantCanBeForgotten(t *testing.T) {
	s := open(t, "oak")
	call(s, tenant.Admit, tenant.Visit{Visitor: "v", Event: view("/")})
	call(s, tenant.Destroy, durables.None{})
	if b := call(s, tenant.GetBacklog, durables.None{}); b != (tenant.Backlog{}) {
		t.Errorf("%+v", b)
	}
}

func TestABatchOfEventsIsCountedOnce(t *testing.T) {
	s := open(t, "oak")
	b := analytics.Batch{Source: "post:x", ID: "1", Events: []analytics.Event{{Type: analytics.CommentAdded, Path: "/posts/x"}, {Type: analytics.ReactionGiven, Path: "/posts/x"}}}
	call(s, tenant.RecordEvents, b)
	s.host.Clock.Advance(time.Minute)
	call(s, tenant.RecordEvents, b)
	b.ID = "2"
	call(s, tenant.RecordEvents, b)
	s.host.Clock.Advance(time.Minute)
	stats, err := analytics.GetStats.Call(s.host.Context(), analytics.Of(s.id, analytics.Day(s.host.Clock.Now().UnixMilli())), durables.None{})
	if err != nil || stats.CommentsCreated != 2 || stats.ReactionsGiven != 2 {
		t.Errorf("%+v, %v", stats, err)
	}
	refuses(s, tenant.RecordEvents, analytics.Batch{ID: "3"})
	refuses(s, tenant.RecordEvents, analytics.Batch{Source: "x", ID: "3", Events: make([]analytics.Event, 501)})
	s.host.Clock.Advance(8 * 24 * time.Hour)
	b.ID = "4"
	call(s, tenant.RecordEvents, b)
	if n, err := local.Rows[int](s.host.Storage("TenantDO", "tenant:"+s.id), `SELECT count(*) FROM received`); err != nil || n[0] != 1 {
		t.Errorf("%v batches are remembered, %v", n, err)
	}
}

// What the object keeps is there when its memory is gone and D1 as well.
func TestWhatTheObjectKeepsIsInItsStorage(t *testing.T) {
	s := open(t, "wanderer") // 120 a minute for one visitor
	point, draft := ids.New(s.host.Clock.Now()), ids.New(s.host.Clock.Now())
	call(s, tenant.SetTrail, tenant.Trail{Slug: "book", Name: "The book", Visibility: "public", Waypoints: []tenant.Waypoint{{ID: point, Title: "One", Status: "planned"}}})
	call(s, tenant.QueueWaypointUpdate, tenant.WaypointUpdate{Slug: "book", WaypointID: point, Status: "done"})
	call(s, tenant.SaveDraft, tenant.DraftSave{DraftID: draft, Slug: "s", Content: "text", Metadata: tenant.DraftMetadata{Title: "T"}, DeviceID: "desk", AuthorID: s.owner})
	call(s, tenant.GetRole, s.owner)
	for range 119 {
		call(s, tenant.Admit, tenant.Visit{Visitor: "v"})
	}
	down := s.host.Inject(local.D1Fault{})
	defer down.Remove()
	if _, err := s.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false} {
		if a := call(s, tenant.Admit, tenant.Visit{Visitor: "v"}); a.Config == nil || a.Config.DisplayName != "Alice" || a.Allowed != want {
			t.Errorf("visit %d: %+v", i+120, a)
		}
	}
	if role := call(s, tenant.GetRole, s.owner); role != "owner" {
		t.Errorf("the owner is %q", role)
	}
	if trail := call(s, tenant.GetTrail, "book"); trail == nil || trail.Waypoints[0].Status != "done" {
		t.Errorf("%+v", trail)
	}
	if d := call(s, tenant.GetDraft, draft); d == nil || d.Content != "text" {
		t.Errorf("%+v", d)
	}
	if b := call(s, tenant.GetBacklog, durables.None{}); b.Rows != 1 || b.Drafts != 1 {
		t.Errorf("%+v waits, want a waypoint and a draft", b)
	}
}

func TestFlushesCanBeAskedFor(t *testing.T) {
	s := open(t, "oak")
	point := ids.New(s.host.Clock.Now())
	call(s, tenant.SetTrail, tenant.Trail{Slug: "book", Name: "The book", Visibility: "public", Waypoints: []tenant.Waypoint{{ID: point, Title: "One", Status: "planned"}}})
	call(s, tenant.QueueWaypointUpdate, tenant.WaypointUpdate{Slug: "book", WaypointID: point, Status: "active"})
	call(s, tenant.FlushWaypointUpdates, durables.None{})
	if got := one[string](s, `SELECT status FROM trail_waypoints WHERE id = ?`, point); got != "active" {
		t.Errorf("D1 has %q", got)
	}
	call(s, tenant.RecordEvent, analytics.Event{Type: analytics.PostCreated, Path: "/posts/x", Timestamp: 1})
	day := analytics.Of(s.id, analytics.Day(s.host.Clock.Now().UnixMilli())) // the object's clock counts
	for _, want := range []int{0, 1, 1} {
		if stats, err := analytics.GetStats.Call(s.host.Context(), day, durables.None{}); err != nil || stats.PostsCreated != want {
			t.Errorf("%+v, %v, want %d posts", stats, err, want)
		}
		call(s, tenant.FlushAnalytics, durables.None{})
	}
	if b := call(s, tenant.GetBacklog, durables.None{}); b != (tenant.Backlog{}) {
		t.Errorf("%+v waits", b)
	}
}

func TestATrailIsKeptUntilItIsInvalidated(t *testing.T) {
	s := open(t, "oak")
	call(s, tenant.SetTrail, tenant.Trail{Slug: "book", Name: "The book", Visibility: "public"})
	s.sql(`UPDATE trails SET name = 'By hand'`)
	if trail := call(s, tenant.GetTrail, "book"); trail.Name != "The book" {
		t.Errorf("the copy is not used: %+v", trail)
	}
	call(s, tenant.InvalidateTrail, "book")
	if trail := call(s, tenant.GetTrail, "book"); trail.Name != "By hand" {
		t.Errorf("%+v", trail)
	}
}

func TestLimitsThatAreOverAreForgottenAndTheObjectSleeps(t *testing.T) {
	s := open(t, "oak")
	rows := func() int {
		t.Helper()
		n, err := local.Rows[int](s.host.Storage("TenantDO", "tenant:"+s.id), `SELECT (SELECT count(*) FROM rate_limits) + (SELECT count(*) FROM members)`)
		if err != nil || len(n) != 1 {
			t.Fatal(n, err)
		}
		return n[0]
	}
	call(s, tenant.Admit, tenant.Visit{Visitor: "v"})
	call(s, tenant.CheckRateLimit, tenant.Rate{Key: "upload", Limit: 1, WindowSeconds: 2 * 3600})
	call(s, tenant.GetRole, s.owner)
	if n := rows(); n != 4 {
		t.Fatalf("%d rows, want the visitor, the site, the upload and the owner", n)
	}
	s.host.Clock.Advance(time.Hour)
	if n := rows(); n != 1 {
		t.Errorf("after an hour %d rows, want the upload", n)
	}
	s.host.Clock.Advance(2 * time.Hour)
	if n := rows(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	if at, set, err := s.host.Storage("TenantDO", "tenant:"+s.id).Alarm(); err != nil || set {
		t.Errorf("an object with nothing to do is woken at %v, %v", at, err)
	}
}

func TestADashboardEndsWithItsRoleItsSessionAndItsSite(t *testing.T) {
	s := open(t, "oak")
	ed := ids.New(s.host.Clock.Now())
	s.user(ed)
	call(s, tenant.SetMember, tenant.MemberChange{UserID: ed, Role: "editor"})
	dial := func(user, session string) (*websocket.Conn, error) {
		conn, _, err := websocket.Dial(s.host.Context(), "ws://tenant/", &websocket.DialOptions{
			Header: http.Header{tenant.HeaderUser: {user}, tenant.HeaderSession: {session}}, Fetch: s.stub.Fetch})
		return conn, err
	}
	receive := func(c *websocket.Conn) (m tenant.LiveMessage, code int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(s.host.Context(), 20*time.Second)
		defer cancel()
		got, err := c.Receive(ctx)
		var closed *websocket.CloseError
		switch {
		case errors.As(err, &closed):
			return m, closed.Code
		case err != nil:
			t.Fatal(err)
		}
		if err := got.JSON(&m); err != nil {
			t.Fatal(err)
		}
		return m, 0
	}
	connect := func(user, session string) *websocket.Conn {
		t.Helper()
		c, err := dial(user, session)
		if err != nil {
			t.Fatal(err)
		}
		if m, code := receive(c); m.Type != "hello" || code != 0 {
			t.Fatalf("%+v, closed with %d", m, code)
		}
		return c
	}
	ends := func(what string, c *websocket.Conn, want int) {
		t.Helper()
		if m, code := receive(c); code != want {
			t.Errorf("%s: closed with %d, want %d; %+v", what, code, want, m)
		}
	}
	for _, who := range [][2]string{{"", "s1"}, {ed, ""}} {
		if _, err := dial(who[0], who[1]); err == nil {
			t.Errorf("%q got a socket", who)
		}
	}
	owner, ownerToo, editor := connect(s.owner, "s1"), connect(s.owner, "s2"), connect(ed, "s3")
	if _, err := s.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	if err := owner.SendText(s.host.Context(), "ping"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.host.Context(), 20*time.Second)
	defer cancel()
	if got, err := owner.Receive(ctx); err != nil || got.Text() != "pong" {
		t.Errorf("a ping was answered with %q, %v", got.Text(), err)
	}
	if woken, err := s.host.Evict("TenantDO", "tenant:"+s.id); err != nil || woken {
		t.Errorf("a ping has woken the object: %v, %v", woken, err)
	}
	call(s, tenant.Admit, tenant.Visit{Visitor: "v", Event: view("/a")})
	for _, c := range []*websocket.Conn{owner, ownerToo, editor} {
		if m, _ := receive(c); m.Type != "event" || m.Event != analytics.PageView || m.Path != "/a" || m.Recent != 1 || m.At != s.host.Clock.Now().UnixMilli() {
			t.Errorf("%+v", m)
		}
	}
	call(s, tenant.SetMember, tenant.MemberChange{UserID: ed, Role: "author"})
	ends("an editor no longer", editor, tenant.CloseForbidden)
	if n := call(s, tenant.CloseSession, "s1"); n != 1 {
		t.Errorf("%d sockets were closed, want 1", n)
	}
	ends("signed out", owner, tenant.CloseRevoked)
	call(s, tenant.Destroy, durables.None{})
	ends("a site that is gone", ownerToo, tenant.CloseForbidden)
}

// Ten thousand page views are a read of the configuration, and a day that is written when it is over.
func TestVisitsCostTheDatabaseNextToNothing(t *testing.T) {
	s := open(t, "evergreen")
	call(s, tenant.GetConfig, durables.None{})
	during := s.host.Inject(local.D1Fault{})
	for i := range 10_000 {
		e := analytics.Event{Type: analytics.PageView, Path: fmt.Sprint("/", i%10), Visitor: fmt.Sprint(i % 100)}
		if a := call(s, tenant.Admit, tenant.Visit{Visitor: e.Visitor, Event: &e}); !a.Allowed {
			t.Fatalf("visit %d: %+v", i, a)
		}
	}
	if n := during.Count(); n != 0 {
		t.Errorf("the visits were %d calls of D1", n)
	}
	during.Remove()
	after := s.host.Inject(local.D1Fault{Delay: time.Nanosecond}) // it harms nothing, and counts
	s.host.Clock.Advance(48 * time.Hour)
	n := after.Count()
	after.Remove()
	if got := one[string](s, `SELECT views || ' ' || visitors || ' ' || (SELECT count(*) FROM analytics_pages) FROM analytics_daily`); got != "10000 100 10" {
		t.Errorf("D1 has %q", got)
	}
	if n != 1 {
		t.Errorf("the day was written with %d calls of D1, want 1", n)
	}
}
