package analytics

import (
	"context"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"grove.place/lattice/durables"
)

const (
	maxPaths = 1000 // counted by themselves; the rest is OtherPath
	maxPath  = 200  // bytes

	// OtherPath is what paths beyond the limit are counted as.
	OtherPath = "other"
)

var columns = map[string]string{PageView: "page_views", PostCreated: "posts_created", CommentAdded: "comments_created", ReactionGiven: "reactions_given"}

// count adds events to the day. Those of unknown kinds are left out; those of another day count for its first or last hour.
func (a *Analytics) count(ctx context.Context, key []byte, events []Event) error {
	hours := map[int]map[string]int{}
	paths := map[string]int{}
	visitors := newVisits(key, a.tenant)
	for _, e := range events {
		column, known := columns[e.Type]
		if !known {
			continue
		}
		hour := a.hourOf(e.Timestamp)
		if hours[hour] == nil {
			hours[hour] = map[string]int{}
		}
		hours[hour][column]++
		if e.Type != PageView {
			continue
		}
		path := NormalPath(e.Path)
		paths[path]++
		visitors.add(e.Visitor, hour, path)
	}
	for hour, counts := range hours {
		for column, n := range counts { // the names are our own
			err := a.object.Exec(ctx, `INSERT INTO hourly_stats (hour, `+column+`) VALUES (?1, ?2) ON CONFLICT (hour) DO UPDATE SET `+column+` = `+column+` + ?2`, hour, n)
			if err != nil {
				return err
			}
		}
	}
	renamed, err := a.countPaths(ctx, paths)
	if err != nil {
		return err
	}
	return a.countVisitors(ctx, visitors.scopes(renamed))
}

func (a *Analytics) hourOf(ms int64) int {
	hour := int(time.UnixMilli(ms).Sub(a.day) / time.Hour)
	return min(max(hour, 0), 23)
}

// countPaths adds views of paths, and returns under which name each was counted.
func (a *Analytics) countPaths(ctx context.Context, paths map[string]int) (map[string]string, error) {
	known, err := durables.One[int](ctx, a.object.SQL(), `SELECT count(*) FROM page_stats`)
	if err != nil {
		return nil, err
	}
	renamed := map[string]string{}
	for path, n := range paths {
		name := path
		there, err := durables.One[bool](ctx, a.object.SQL(), `SELECT EXISTS (SELECT 1 FROM page_stats WHERE path = ?)`, path)
		if err != nil {
			return nil, err
		}
		if !there {
			if known >= maxPaths {
				name = OtherPath
			} else {
				known++
			}
		}
		renamed[path] = name
		if err := a.object.Exec(ctx, `INSERT INTO page_stats (path, views) VALUES (?1, ?2) ON CONFLICT (path) DO UPDATE SET views = views + ?2`, name, n); err != nil {
			return nil, err
		}
	}
	return renamed, nil
}

// NormalPath is the form in which a path is counted: decoded, without query and trailing slash, of a bounded length.
func NormalPath(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if decoded, err := url.PathUnescape(path); err == nil && utf8.ValidString(decoded) {
		path = decoded
	}
	path = "/" + strings.Trim(path, "/")
	if len(path) > maxPath || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		return OtherPath
	}
	return path
}
