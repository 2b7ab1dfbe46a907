package site

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/admin"
	"grove.place/lattice/workers/grove/markup"
)

// The pages of the panel about the site as a whole: its numbers, its sections, its members and how it is set up.

func dashboard(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	s, err := tenant.GetDashboardStats.Call(r.Context(), v.Tenant(), durables.None{})
	tags := []markup.Data{}
	for _, t := range s.TopTags {
		tags = append(tags, markup.Data{"tag": t.Tag, "count": strconv.Itoa(t.Count)})
	}
	return "admin-dashboard", markup.Data{"title": "Dashboard", "module": "dashboard.mjs", "action": "/admin/posts/new", "actionName": "Write a post",
		"tags": tags, "hasTags": len(tags) > 0, "computed": moment(s.ComputedAt), "numbers": []markup.Data{
			number("Posts", int64(s.PostCount)), number("Words", int64(s.TotalWords)), number("Drafts", int64(s.DraftCount)),
			number("Published this month", int64(s.PublishedThisMonth)), number("Days here", int64(s.AccountAge)), number("KB of images", s.StorageUsed/1024),
		}}, err
}

func analyticsDay(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	s, err := admin.Day(r.Context(), v.TenantID, r.URL.Query().Get("day"))
	if err != nil {
		return "", nil, err
	}
	pages := []markup.Data{}
	for _, p := range s.Pages {
		pages = append(pages, markup.Data{"path": p.Path, "views": thousands(int64(p.Views)), "visitors": thousands(int64(p.UniqueViews))})
	}
	bars, most := hourBars(s.Hours)
	today, after := analytics.Day(time.Now().UnixMilli()), ""
	day, err := time.Parse(time.DateOnly, s.Day)
	if s.Day < today {
		after = "/admin/analytics?day=" + day.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	return "admin-analytics", markup.Data{"title": "Analytics", "day": s.Day, "today": today, "before": "/admin/analytics?day=" + day.AddDate(0, 0, -1).Format(time.DateOnly),
		"after": after, "estimated": s.Estimated, "pages": pages, "bars": bars, "anyHours": most > 0, "most": thousands(int64(most)),
		"numbers": []markup.Data{number("Views", int64(s.PageViews)), number("Visitors", int64(s.UniqueVisitors)), number("Comments", int64(s.CommentsCreated)),
			number("Reactions", int64(s.ReactionsGiven))}}, err
}

// hourBars are the 24 bars of a day's chart, 160 units high at the hour with the most views.
func hourBars(hours []analytics.HourStats) (bars []markup.Data, most int) {
	const full, bottom = 160, 165
	var day [24]analytics.HourStats
	for _, h := range hours {
		if h.Hour >= 0 && h.Hour < len(day) {
			day[h.Hour] = h
			most = max(most, h.PageViews)
		}
	}
	for hour, h := range day {
		height := 0
		if h.PageViews > 0 {
			height = max(3, full*h.PageViews/most)
		}
		bars = append(bars, markup.Data{"x": strconv.Itoa(3 + 30*hour), "y": strconv.Itoa(bottom - height), "height": strconv.Itoa(height), "mark": hour%3 == 0,
			"hour": strconv.Itoa(hour) + ":00", "views": thousands(int64(h.PageViews)), "visitors": thousands(int64(h.UniqueVisitors))})
	}
	return bars, most
}

func sectionList(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	config, err := tenant.GetAdminConfig.Call(r.Context(), v.Tenant(), durables.None{})
	if err != nil {
		return "", nil, err
	}
	list, images, optional, limit, tier := []markup.Data{}, []markup.Data{}, []markup.Data{}, "", v.Config.Tier
	for _, s := range config.CustomSections {
		list = append(list, withIcon(s, markup.Data{"id": s.ID, "label": s.Label, "href": s.Href, "enabled": s.Enabled, "locked": s.Locked,
			"iconLost": s.ShownIcon == "" && s.IconImage == ""}))
	}
	own := tenant.HasIcon(tier, tenant.MediaIcon)
	if own {
		page, err := admin.Images(r.Context(), v.TenantID, "", 100)
		if err != nil {
			return "", nil, err
		}
		for _, m := range page.Images {
			images = append(images, markup.Data{"value": tenant.MediaIcon + m.ID, "alt": described(m.Alt)})
		}
	}
	for _, name := range tenant.OptionalSections {
		optional = append(optional, markup.Data{"value": name, "name": capital(name), "chosen": !slices.Contains(config.HiddenSections, name)})
	}
	room := v.Config.Limits.Sections
	if room >= 0 {
		limit = "room for " + strconv.Itoa(room)
	}
	return "admin-sections", markup.Data{"title": "Sections", "module": "sections.mjs", "list": list, "icons": iconNames(tier), "anyIcon": tenant.HasIcon(tier, "any"),
		"ownIcons": own, "images": images, "optional": optional, "version": strconv.FormatInt(config.Version, 10), "limit": limit, "full": room >= 0 && len(list) >= room}, nil
}

func memberList(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	members, err := tenant.ListMembers.Call(r.Context(), v.Tenant(), durables.None{})
	roles := func(chosen string) []markup.Data {
		return choices(chosen, "viewer", "Viewer", "author", "Author", "editor", "Editor")
	}
	list := []markup.Data{}
	for _, m := range members {
		list = append(list, markup.Data{"id": m.UserID, "member": m.Name, "fixed": m.Role == "owner" || !v.Can("owner"), "roleName": capital(m.Role), "roles": roles(m.Role)})
	}
	return "admin-members", markup.Data{"title": "Members", "module": "members.mjs", "members": list, "newRoles": roles("author")}, err
}

func capital(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

func settings(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	c := v.Config
	accent, typeface := look(c)
	_, domain, _ := strings.Cut(r.Host, ".")
	return "admin-settings", markup.Data{"title": "Settings", "module": "settings.mjs", "version": strconv.FormatInt(c.Version, 10), "comments": c.CommentsEnabled,
		"address": r.Host, "domain": domain, "subdomain": c.Subdomain,
		"accents":     choices(accent, accents...),
		"typefaces":   choices(typeface, typefaces...),
		"moderations": choices(c.Moderation, "none", "None", "first", "The first of each reader", "all", "All"),
		"counts":      choices(c.CountsVisible, "author", "The author", "everyone", "Everybody")}, nil
}

// What a site can look like: values and names in turn. The first is what it looks like without a choice.
var (
	accents   = []string{"leaf", "Leaf", "river", "River", "heather", "Heather", "clay", "Clay"}
	typefaces = []string{"sans", "Without serifs", "serif", "With serifs"}
)

// look is a site's choice of colour and letters. Whatever its theme says, only what there is is shown.
func look(c *tenant.Config) (accent, typeface string) {
	return known(c.Theme["accent"], accents), known(c.Theme["typeface"], typefaces)
}

func known(value any, pairs []string) string {
	for i := 0; i < len(pairs); i += 2 {
		if value == pairs[i] {
			return pairs[i]
		}
	}
	return pairs[0]
}
