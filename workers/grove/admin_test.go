//go:build !js

package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/operations"
	"grove.place/lattice/workers/r2"
)

// What the routes of the panel do for those who may. Who may is tested with isolation_test.go.

func TestTheSettingsOfASiteHaveVersions(t *testing.T) {
	g := open(t, "ed")
	ed, nobody := g.people["ed"], g.people["nobody"]
	for _, c := range []struct{ path, first, second string }{
		{"/api/admin/config", `"font":"Serif","editorPreferences":{"zen":true}`, `"font":"Mono"`},
		{"/api/admin/site", `"displayName":"Wonderland","countsVisible":"everyone"`, `"displayName":"Late"`},
	} {
		var before, after struct{ Version int64 }
		ed.ask("alice", "GET", c.path, "", 200, &before)
		ed.ask("alice", "PUT", c.path, fmt.Sprintf(`{"version":%d,%s}`, before.Version, c.first), 200, &after)
		if after.Version != before.Version+1 {
			t.Errorf("%s: version %d after %d", c.path, after.Version, before.Version)
		}
		status, text := ed.at("alice", "PUT", c.path, fmt.Sprintf(`{"version":%d,%s}`, before.Version, c.second))
		if status != 409 || !strings.Contains(text, `"current"`) {
			t.Errorf("%s: a change of an old version: %d\n%s", c.path, status, text)
		}
		if _, text := ed.at("alice", "GET", c.path, ""); !strings.Contains(text, strings.SplitN(c.first, ",", 2)[0]) || !strings.Contains(text, strings.SplitN(c.first, ",", 2)[1]) {
			t.Errorf("%s: %s", c.path, text)
		}
		for _, bad := range []string{`{"version":2,"tier":"evergreen"}`, `{"version":2,"limits":{"sections":-1}}`, `{`} { // what is not theirs to say
			ed.ask("alice", "PUT", c.path, bad, 400, nil)
		}
	}
	if _, text := nobody.at("alice", "GET", "/", ""); !strings.Contains(text, "Wonderland") {
		t.Errorf("the site does not show its new name:\n%s", text)
	}
	if _, text := nobody.at("bob", "GET", "/", ""); strings.Contains(text, "Wonderland") {
		t.Error("bob's site has alice's name")
	}
}

func TestSectionsAndNumbersOfThePanel(t *testing.T) {
	g := open(t, "ed", "ann")
	ed, ann := g.people["ed"], g.people["ann"]
	var list struct {
		Sections []tenant.Section
		Limit    int
	}
	order := func(want string) {
		t.Helper()
		var got []string
		ann.ask("alice", "GET", "/api/admin/sections", "", 200, &list)
		for _, s := range list.Sections {
			got = append(got, s.Label)
		}
		if strings.Join(got, " ") != want || list.Limit != -1 {
			t.Errorf("%v with a limit of %d, want %s", got, list.Limit, want)
		}
	}
	order("")
	var made [2]tenant.Section
	for i, label := range []string{"Recipes", "Events"} {
		ed.ask("alice", "POST", "/api/admin/sections", fmt.Sprintf(`{"label":%q,"href":"/%s","icon":"book"}`, label, strings.ToLower(label)), 201, &made[i])
	}
	order("Recipes Events")
	ed.ask("alice", "POST", "/api/admin/sections", `{"label":"Evil","href":"javascript:alert(1)","icon":"book"}`, 400, nil)
	ed.ask("alice", "POST", "/api/admin/sections", `{"label":"Twice","href":"/recipes","icon":"book"}`, 409, nil)
	ed.ask("alice", "POST", "/api/admin/sections/reorder", fmt.Sprintf(`{"ids":[%q,%q]}`, made[1].ID, made[0].ID), 200, nil)
	order("Events Recipes")
	ed.ask("alice", "POST", "/api/admin/sections/reorder", fmt.Sprintf(`{"ids":[%q]}`, made[1].ID), 400, nil)
	ed.ask("alice", "PUT", "/api/admin/sections/"+made[0].ID, `{"label":"Cooking"}`, 200, nil)
	order("Events Cooking")
	ed.ask("alice", "DELETE", "/api/admin/sections/"+made[1].ID, "", 204, nil)
	ed.ask("alice", "DELETE", "/api/admin/sections/"+made[1].ID, "", 404, nil)
	order("Cooking")
	g.sql(`UPDATE tenants SET tier = 'seedling', config_version = config_version + 1 WHERE subdomain = 'alice'`)
	must(g, tenant.Invalidate, tenant.Of(g.tenants["alice"]), durables.None{})
	ed.ask("alice", "POST", "/api/admin/sections", `{"label":"More","href":"/more","icon":"book"}`, 403, nil)

	var stats tenant.DashboardStats
	if ann.ask("alice", "GET", "/api/admin/stats", "", 200, &stats); stats.PostCount != 0 {
		t.Errorf("%+v", stats)
	}
	publish(g, ann, "Roses", "one two three")
	if ann.ask("alice", "GET", "/api/admin/stats", "", 200, &stats); stats.PostCount != 0 {
		t.Errorf("the numbers of a moment ago are not used: %+v", stats)
	}
	if ann.ask("alice", "POST", "/api/admin/stats/refresh", "", 200, &stats); stats.PostCount != 1 || stats.TotalWords != 3 {
		t.Errorf("%+v", stats)
	}
	for range 5 {
		ann.ask("alice", "POST", "/api/admin/stats/refresh", "", 200, nil)
	}
	ann.ask("alice", "POST", "/api/admin/stats/refresh", "", 429, nil)
}

func TestTrailsOfThePanel(t *testing.T) {
	g := open(t, "ed", "ann")
	ed, ann, nobody := g.people["ed"], g.people["ann"], g.people["nobody"]
	now := g.host.Clock.Now()
	phase, point := ids.New(now), ids.New(now)
	at := "/api/admin/trails/book"
	body := func(name string, version int64) string {
		return fmt.Sprintf(`{"name":%q,"intro":"A walk","visibility":"public","version":%d,"phases":[{"id":%q,"name":"Begin"}],"waypoints":[{"id":%q,"phaseId":%q,"title":"Chapter one","status":"planned","targetDate":"2027-01-02"}]}`,
			name, version, phase, point, phase)
	}
	ann.ask("alice", "GET", at, "", 404, nil)
	ed.ask("alice", "PUT", at, body("The book", 0), 200, nil)
	ed.ask("alice", "PUT", at, body("Another", 0), 409, nil)
	var trail tenant.Trail
	if ann.ask("alice", "GET", at, "", 200, &trail); trail.Name != "The book" || len(trail.Phases) != 1 || trail.Phases[0].Name != "Begin" || len(trail.Waypoints) != 1 || trail.Waypoints[0].PhaseID != phase || trail.Waypoints[0].TargetDate != "2027-01-02" {
		t.Errorf("%+v", trail)
	}
	if got := one[string](g, `SELECT p.name FROM trail_phases p JOIN trails t ON t.id = p.trail_id WHERE t.tenant_id = ?`, g.tenants["alice"]); got != "Begin" {
		t.Errorf("D1 has the phase %q", got)
	}
	ed.ask("alice", "PUT", at, body("The novel", 1), 200, nil)
	var list struct{ Trails []tenant.Trail }
	if ann.ask("alice", "GET", "/api/admin/trails", "", 200, &list); len(list.Trails) != 1 || list.Trails[0].Name != "The novel" || list.Trails[0].Version != 2 {
		t.Errorf("%+v", list)
	}
	ann.ask("alice", "PUT", at+"/waypoints/"+point+"/status", `{"status":"done"}`, 204, nil)
	ann.ask("alice", "PUT", at+"/waypoints/"+phase+"/status", `{"status":"done"}`, 404, nil)
	ann.ask("alice", "PUT", at+"/waypoints/"+point+"/status", `{"status":"lost"}`, 400, nil)
	if status, text := nobody.at("alice", "GET", "/trails/book", ""); status != 200 || !strings.Contains(text, "Chapter one") || !strings.Contains(text, `data-status="done"`) || !strings.Contains(text, "The novel") {
		t.Errorf("%d\n%s", status, text)
	}
	ed.ask("alice", "DELETE", at, "", 204, nil)
	ed.ask("alice", "DELETE", at, "", 404, nil)
	if got := one[string](g, `SELECT group_concat(actor_id || ' ' || detail) FROM audit_log WHERE tenant_id = ? AND action = 'trail_deleted'`, g.tenants["alice"]); got != ed.id+` {"slug":"book"}` {
		t.Errorf("the log says of the deleted trail: %q", got)
	}
	if status, _ := nobody.at("alice", "GET", "/trails/book", ""); status != 404 {
		t.Errorf("a trail that was deleted: %d", status)
	}
}

func TestMembersOfThePanelAndWhatTheyDid(t *testing.T) {
	g := open(t, "stranger", "ed")
	alice, ed, stranger := g.people["alice"], g.people["ed"], g.people["stranger"]
	roles := func(want string) {
		t.Helper()
		var list struct{ Members []tenant.Member }
		ed.ask("alice", "GET", "/api/admin/members", "", 200, &list)
		var got []string
		for _, m := range list.Members {
			got = append(got, m.Name+" "+m.Role)
		}
		slices.Sort(got)
		if strings.Join(got, ", ") != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	roles("alice owner, ed editor")
	stranger.ask("alice", "GET", "/api/admin/posts", "", 403, nil)
	for body, want := range map[string]int{`{"email":"nobody@example.test","role":"author"}`: 404, `{"email":"stranger@example.test","role":"owner"}`: 400, `{"email":"stranger@example.test"}`: 400} {
		alice.ask("alice", "POST", "/api/admin/members", body, want, nil)
	}
	g.host.Clock.Advance(time.Second)
	alice.ask("alice", "POST", "/api/admin/members", `{"email":" Stranger@example.test","role":"author"}`, 204, nil)
	stranger.ask("alice", "GET", "/api/admin/posts", "", 200, nil)
	stranger.ask("alice", "GET", "/api/admin/members", "", 403, nil)
	alice.ask("alice", "PUT", "/api/admin/members/"+stranger.id, `{"role":"editor"}`, 204, nil)
	roles("alice owner, ed editor, stranger editor")
	alice.ask("alice", "DELETE", "/api/admin/members/"+stranger.id, "", 204, nil)
	roles("alice owner, ed editor")
	stranger.ask("alice", "GET", "/api/admin/posts", "", 403, nil)
	alice.ask("alice", "PUT", "/api/admin/members/"+alice.id, `{"role":"viewer"}`, 400, nil)

	var log struct {
		Entries    []struct{ Actor, Action string }
		NextCursor string
	}
	var actions []string
	for cursor := ""; ; cursor = log.NextCursor {
		log.NextCursor, log.Entries = "", nil
		alice.ask("alice", "GET", "/api/admin/audit?limit=2&cursor="+cursor, "", 200, &log)
		for _, e := range log.Entries {
			actions = append(actions, e.Actor+" "+e.Action)
		}
		if log.NextCursor == "" {
			break
		}
	}
	if got := strings.Join(actions, ", "); got != "alice member_changed, alice member_changed, alice member_changed" {
		t.Errorf("the log says %q", got)
	}
}

func TestWritingInThePanel(t *testing.T) {
	g := open(t, "ann", "ed")
	ann, alice, ed := g.people["ann"], g.people["alice"], g.people["ed"]
	var html struct{ HTML string }
	if ann.ask("alice", "POST", "/api/admin/preview", `{"body":"*red* <script>alert(1)</script> [x](javascript:alert(1))"}`, 200, &html); !strings.Contains(html.HTML, "<em>red</em>") || strings.Contains(html.HTML, "script") {
		t.Errorf("%s", html.HTML)
	}
	if n := one[int](g, `SELECT count(*) FROM posts`); n != 0 {
		t.Errorf("a preview made %d posts", n)
	}
	var p struct{ ID, Body, Status, AuthorName string }
	ann.ask("alice", "POST", "/api/admin/posts", `{"title":"Roses","body":"# My *words*"}`, 201, &p)
	p.Body, p.AuthorName = "", ""
	if ed.ask("alice", "GET", "/api/admin/posts/"+p.ID, "", 200, &p); p.Body != "# My *words*" || p.Status != "draft" || p.AuthorName != "ann" {
		t.Errorf("%+v", p)
	}
	draft := ids.New(g.host.Clock.Now())
	ann.ask("alice", "PUT", "/api/admin/drafts/"+draft, `{"slug":"s","content":"mine","metadata":{"title":"T","tags":["a"]},"baseRevision":0,"deviceId":"desk"}`, 200, nil)
	var d tenant.Draft
	if ann.ask("alice", "GET", "/api/admin/drafts/"+draft, "", 200, &d); d.Content != "mine" || d.Metadata.Title != "T" || d.Revision != 1 {
		t.Errorf("%+v", d)
	}
	var drafts struct{ Drafts []tenant.Draft }
	if ann.ask("alice", "GET", "/api/admin/drafts", "", 200, &drafts); len(drafts.Drafts) != 1 || drafts.Drafts[0].DraftID != draft {
		t.Errorf("%+v", drafts)
	}
	var m struct{ ID, URL string }
	ann.ask("alice", "POST", "/api/admin/media?alt=A+rose", png, 201, &m)
	var media struct {
		Media []struct{ ID, URL, Alt, Mime string }
	}
	if ann.ask("alice", "GET", "/api/admin/media", "", 200, &media); len(media.Media) != 1 || media.Media[0].ID != m.ID || media.Media[0].URL != m.URL || media.Media[0].Alt != "A rose" || media.Media[0].Mime != "image/png" {
		t.Errorf("%+v", media)
	}
	if g.people["bob"].ask("bob", "GET", "/api/admin/media", "", 200, &media); len(media.Media) != 0 {
		t.Errorf("bob's site has %+v", media)
	}
	var b struct {
		Blocked bool
		Reason  string
	}
	if ed.ask("alice", "GET", "/api/admin/blocked/"+g.people["bob"].id, "", 200, &b); b.Blocked {
		t.Errorf("%+v", b)
	}
	ed.ask("alice", "PUT", "/api/admin/blocked/"+g.people["bob"].id, `{"reason":"spam"}`, 204, nil)
	if ed.ask("alice", "GET", "/api/admin/blocked/"+g.people["bob"].id, "", 200, &b); !b.Blocked || b.Reason != "spam" {
		t.Errorf("%+v", b)
	}
	// What was asked for is in the lists of those who asked, and of nobody else.
	for _, c := range []struct {
		list func(p *person, dest any)
		ask  func()
	}{
		{func(p *person, dest any) { p.ask("alice", "GET", "/api/admin/export", "", 200, dest) }, func() { alice.ask("alice", "POST", "/api/admin/export", "", 202, nil) }},
		{func(p *person, dest any) { p.askApex("GET", "/api/account/export", "", 200, dest) }, func() { alice.askApex("POST", "/api/account/export", "", 202, nil) }},
	} {
		var jobs struct{ Exports []operations.Job }
		c.ask()
		g.minutes(2)
		if c.list(alice, &jobs); len(jobs.Exports) != 1 || jobs.Exports[0].State != "done" || !strings.HasSuffix(jobs.Exports[0].File, jobs.Exports[0].ID+"/file") {
			t.Errorf("%+v", jobs)
		}
	}
	var jobs struct{ Exports []operations.Job }
	if g.people["bob"].askApex("GET", "/api/account/export", "", 200, &jobs); len(jobs.Exports) != 0 {
		t.Errorf("bob's exports are %+v", jobs)
	}
}

func TestFormsOfOwnersAndOperators(t *testing.T) {
	g := open(t, "ann", "ed")
	alice, ed := g.people["alice"], g.people["ed"]
	form := func(p *person, host, path, fields, token string) (int, string) {
		status, header, _ := p.send("POST", "http://"+host+path, fields+"&csrf_token="+token, http.Header{"Origin": {"http://" + host}, "Content-Type": {"application/x-www-form-urlencoded"}})
		return status, header.Get("Location")
	}
	site := "alice." + g.domain
	if status, to := form(alice, site, "/admin/data/export", "", alice.csrf["bob"]); status != 403 {
		t.Errorf("with the token of another site: %d to %q", status, to)
	}
	if status, _ := form(ed, site, "/admin/data/export", "", ed.csrf["alice"]); status != 403 {
		t.Errorf("an editor exports the site: %d", status)
	}
	if status, to := form(alice, site, "/admin/data/export", "", alice.csrf["alice"]); status != 303 || to != "/admin/data" {
		t.Errorf("%d to %q", status, to)
	}
	g.minutes(2)
	if _, text := alice.at("alice", "GET", "/admin/data", ""); !strings.Contains(text, `/file">Download</a>`) || !strings.Contains(text, "export started") {
		t.Errorf("the page does not offer the export, or does not tell of it:\n%s", text)
	}

	// A letter is sent again, and an object made anew, by buttons.
	p := publish(g, g.people["ann"], "Talk", "x")
	name := post.Name(g.tenants["alice"], p.ID)
	g.sql(`CREATE TRIGGER rule BEFORE INSERT ON comments WHEN new.body = 'bad' BEGIN SELECT RAISE(ABORT, 'against the rule'); END`)
	ed.comment("alice", p.ID, "bad")
	g.host.Clock.Advance(time.Hour)
	seq := one[int64](g, `SELECT seq FROM dead_letters WHERE source = ?`, "PostDO "+name)
	g.sql(`DROP TRIGGER rule`)
	retry := fmt.Sprintf("source=PostDO+%s&seq=%d", name, seq)
	ed.atApex("GET", "/operator", "") // the token of the apex
	if status, _ := form(ed, g.domain, "/operator/retry", retry, ed.csrf[apex]); status != 403 {
		t.Errorf("somebody who is no operator: %d", status)
	}
	g.sql(`UPDATE users SET role = 'admin' WHERE id = ?`, ed.id)
	if status, _ := form(ed, g.domain, "/operator/retry", retry, "x"); status != 403 {
		t.Errorf("without the token: %d", status)
	}
	if status, to := form(ed, g.domain, "/operator/retry", retry, ed.csrf[apex]); status != 303 || to != "/operator?done=retried" {
		t.Errorf("%d to %q", status, to)
	}
	g.host.Clock.Advance(time.Minute)
	if n := one[int](g, `SELECT count(*) FROM comments WHERE body = 'bad'`); n != 1 {
		t.Errorf("D1 has %d of the comment", n)
	}
	g.sql(`UPDATE comments SET status = 'hidden', seq = seq + 1000`)
	if status, to := form(ed, g.domain, "/operator/rebuild", "class=PostDO&name="+name, ed.csrf[apex]); status != 303 || to != "/operator?done=rebuilt" {
		t.Errorf("%d to %q", status, to)
	}
	if got := g.people["nobody"].read("alice", p.ID); got != "" {
		t.Errorf("the object has not read what D1 has: %q", got)
	}
	if got := one[string](g, `SELECT group_concat(action, ' ') FROM operator_log`); got != "dead_letter_retried object_rebuilt" {
		t.Errorf("the operators' log has %q", got)
	}
}

func TestAWalkOverFilesGoesOnWhereItStopped(t *testing.T) {
	g := open(t)
	ctx := g.host.Context()
	for _, key := range []string{"a/orphan.png", "z/orphan.png"} {
		if _, err := media.Put(ctx, key, strings.NewReader("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	g.host.Clock.Advance(25 * time.Hour)
	g.sql(`INSERT INTO walks (name, cursor, updated_at) VALUES ('orphans', 'm', 0)`)
	for _, want := range []string{"a/orphan.png", ""} {
		if err := g.host.Scheduled(ctx, "17 3 * * *", g.host.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		list, err := media.List(ctx, r2.ListOptions{})
		var keys []string
		for _, o := range list.Objects {
			keys = append(keys, o.Key)
		}
		if got := strings.Join(keys, " "); err != nil || got != want {
			t.Errorf("%q are left, want %q, %v", got, want, err)
		}
	}
	if got := one[string](g, `SELECT cursor FROM walks`); got != "" {
		t.Errorf("the next walk begins at %q", got)
	}
}
