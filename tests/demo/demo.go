// Package demo makes the data that `make dev` begins with: two sites, alice and bob, with posts, comments, reactions, a trail, follows, what
// people were told of these, and a fortnight of visits, as SQL statements for an empty database after its migrations. Texts are rendered by the application's own package, and times are
// counted back from now, so that the sites look lived in whenever they are made.
//
// What people can sign in with is that of tests/devoidc: nothing of this is in the application. Start with SQL.
package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/durables/notification"
	"grove.place/lattice/tests/devoidc"
	"grove.place/lattice/workers/grove/content"
	"grove.place/lattice/workers/grove/ids"
)

//go:embed texts/*.md
var texts embed.FS

// Subdomains are those of the sites.
var Subdomains = []string{"alice", "bob"}

const (
	hour = time.Hour
	day  = 24 * hour
)

// script collects statements.
type script struct {
	b     strings.Builder
	now   time.Time
	users map[string]string // by first name, in lower case
	sites map[string]string // by subdomain
	err   error
}

// SQL returns the statements, as of that time.
func SQL(now time.Time) (string, error) {
	s := &script{now: now.UTC(), users: map[string]string{}, sites: map[string]string{}}
	s.b.WriteString("-- Demo data, made by tests/demo.\n")
	s.people()
	s.tenants()
	s.follows()
	for _, p := range posts {
		s.post(p)
	}
	s.trail()
	for _, subdomain := range Subdomains {
		s.visits(subdomain)
	}
	return s.b.String(), s.err
}

// ago is a time before now, in ms.
func (s *script) ago(d time.Duration) int64 { return s.now.Add(-d).UnixMilli() }

// id is a new id of something that was made then.
func (s *script) id(ago time.Duration) string { return ids.New(s.now.Add(-ago)) }

// insert adds a row. Columns are names with commas; values are text, integers, or nil.
func (s *script) insert(table, columns string, values ...any) {
	literals := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case string:
			literals[i] = quote(v)
		case int, int64:
			literals[i] = fmt.Sprint(v)
		case nil:
			literals[i] = "NULL"
		default:
			panic(fmt.Sprintf("demo: a value of type %T", v))
		}
	}
	if n := strings.Count(columns, ",") + 1; n != len(values) {
		panic(fmt.Sprintf("demo: %d values for the columns %s of %s", len(values), columns, table))
	}
	fmt.Fprintf(&s.b, "INSERT INTO %s (%s) VALUES (%s);\n", table, columns, strings.Join(literals, ", "))
}

// quote writes text as SQL does.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // lists and maps of text and numbers
	}
	return string(text)
}

// people makes an account for each of the provider's people whose address is verified.
func (s *script) people() {
	for _, u := range devoidc.Suggestions {
		if !u.Verified {
			continue
		}
		id := s.id(40 * day)
		s.users[strings.ToLower(strings.Fields(u.Name)[0])] = id
		joined := s.ago(40 * day)
		s.insert("users", "id, email, email_norm, email_verified_at, name, created_at, updated_at", id, u.Email, u.Email, joined, u.Name, joined, joined)
		s.insert("identities", "provider, provider_subject, user_id, email_at_link, linked_at", "dev", u.ID(), id, u.Email, joined)
	}
}

func (s *script) tenants() {
	for _, t := range sites {
		id, made := s.id(t.age), s.ago(t.age)
		s.sites[t.subdomain] = id
		s.insert("tenants", "id, subdomain, owner_user_id, display_name, description, tier, created_at, updated_at",
			id, t.subdomain, s.users[t.owner], t.name, t.description, t.tier, made, made)
		s.insert("tenant_members", "tenant_id, user_id, role, created_at", id, s.users[t.owner], "owner", made)
		for _, m := range t.members {
			s.insert("tenant_members", "tenant_id, user_id, role, created_at", id, s.users[m.who], m.role, made)
		}
		s.insert("comment_settings", "tenant_id, moderation, counts_visible, updated_at", id, "none", t.counts, made)
		for i, section := range t.sections {
			s.insert("admin_sections", "id, tenant_id, label, icon, href, sort_order, created_at, updated_at", s.id(t.age), id, section.label, section.icon, section.href, i, made, made)
		}
	}
}

func (s *script) follows() {
	for _, f := range follows {
		s.insert("follows", "follower_id, followee_id, created_at", s.users[f.who], s.users[f.whom], s.ago(f.age))
		s.tell(s.users[f.whom], notification.Follow, "profile", s.users[f.whom], s.ago(f.age), s.users[f.who])
	}
}

// unreadFor is how long people have not looked at their notifications.
const unreadFor = 3 * day

// tell notifies somebody of what others did, the latest first, unless they did it themselves.
func (s *script) tell(whom, kind, target, targetID string, at int64, actors ...string) {
	actors = slices.DeleteFunc(actors, func(actor string) bool { return actor == whom })
	if len(actors) == 0 {
		return
	}
	var read any
	if at < s.ago(unreadFor) {
		read = at + hour.Milliseconds()
	}
	s.insert("notifications", "user_id, id, type, group_key, target_type, target_id, actors, actor_count, first_at, last_at, read_at, seq", whom, ids.New(time.UnixMilli(at)),
		kind, kind+" "+target+" "+targetID, target, targetID, asJSON(actors), len(actors), at, at, read, 1)
}

func (s *script) post(p post) {
	markdown, err := texts.ReadFile("texts/" + p.file + ".md")
	if err != nil {
		s.err = err
		return
	}
	html, err := content.Render(string(markdown))
	if err != nil {
		s.err = fmt.Errorf("%s: %w", p.file, err)
		return
	}
	summary := content.Summarize(html)
	id, site, at := s.id(p.age), s.sites[p.site], s.ago(p.age)
	s.insert("posts", "id, tenant_id, author_id, slug, title, excerpt, body_md, body_html, tags, status, word_count, reading_minutes, published_at, created_at, updated_at",
		id, site, s.users[p.author], content.Slug(p.title), p.title, summary.Excerpt, string(markdown), string(html), asJSON(p.tags), "published", summary.Words,
		summary.ReadingMinutes, at, at, at)
	seq, counts := 0, map[string]int{}
	var reacted []string
	for _, r := range p.reactions {
		if seq++; !slices.Contains(reacted, s.users[r.who]) {
			reacted = append(reacted, s.users[r.who])
		}
		counts[r.kind]++
		s.insert("reactions", "post_id, user_id, type, tenant_id, present, seq, created_at", id, s.users[r.who], r.kind, site, 1, seq, at+int64(seq)*20*60_000)
	}
	slices.Reverse(reacted)
	s.tell(s.users[p.author], notification.Reaction, "post", id, at+int64(seq)*20*60_000, reacted...)
	parents, depths := map[string]string{}, map[string]int{}
	for _, c := range p.comments {
		seq++
		commentID, written, depth := s.id(p.age-c.after), s.ago(p.age-c.after), 0
		var parent any
		if c.answers != "" {
			parent, depth = parents[c.answers], depths[c.answers]+1
			s.tell(s.users[c.answers], notification.Reply, "comment", parents[c.answers], written, s.users[c.who])
		} else {
			s.tell(s.users[p.author], notification.Comment, "post", id, written, s.users[c.who])
		}
		parents[c.who], depths[c.who] = commentID, depth
		s.insert("comments", "id, tenant_id, post_id, author_id, parent_id, depth, body, status, seq, created_at",
			commentID, site, id, s.users[c.who], parent, depth, c.text, "visible", seq, written)
	}
	s.insert("post_counters", "post_id, tenant_id, reactions, comments, as_of_seq, updated_at", id, site, asJSON(counts), len(p.comments), seq, at)
}

func (s *script) trail() {
	made := s.ago(20 * day)
	trail := s.id(20 * day)
	s.insert("trails", "id, tenant_id, slug, name, intro, created_at, updated_at", trail, s.sites["alice"], "kitchen-garden", "A kitchen garden by summer",
		"From a bare yard to the first salad, one weekend at a time.", made, made)
	phases := map[string]string{}
	for i, name := range []string{"Prepare", "Plant", "Eat"} {
		phases[name] = s.id(20 * day)
		s.insert("trail_phases", "id, trail_id, name, sort_order", phases[name], trail, name, i)
	}
	for i, w := range waypoints {
		var target any
		if w.due != 0 {
			target = s.now.Add(w.due).Format(time.DateOnly)
		}
		s.insert("trail_waypoints", "id, trail_id, phase_id, title, description, status, target_date, sort_order, status_changed_at, updated_at",
			s.id(20*day), trail, phases[w.phase], w.title, w.text, w.status, target, i, made, made)
	}
}

// visits makes the history of a fortnight, yesterday the last day: today is the object's.
func (s *script) visits(subdomain string) {
	site := s.sites[subdomain]
	for back := 14; back >= 1; back-- {
		date := s.now.AddDate(0, 0, -back)
		views, paths := 0, map[string]int{}
		var hours [24]int
		for h := range hours {
			// Evenings are busy, nights are quiet, and no two days are the same.
			hours[h] = (h*h/20 + (h*7+back*5)%6) * (3 + back*back%4) / 4
			views += hours[h]
		}
		text := date.Format(time.DateOnly)
		s.insert("analytics_daily", "tenant_id, day, views, visitors, visitors_estimated, posts_created, comments, reactions, finalized_at",
			site, text, views, views*2/5, 0, 0, back%3, back%4, date.Truncate(day).Add(day+hour).UnixMilli())
		for h, n := range hours {
			if n > 0 {
				s.insert("analytics_hourly", "tenant_id, day, hour, views, visitors", site, text, h, n, (n+1)/2)
			}
		}
		paths["/"] = views / 2
		for i, p := range posts {
			if p.site == subdomain && time.Duration(back)*day < p.age {
				paths["/posts/"+content.Slug(p.title)] = views / (4 + i)
			}
		}
		for path, n := range paths {
			s.insert("analytics_pages", "tenant_id, day, path, views, visitors", site, text, path, n, n/2)
		}
	}
}
