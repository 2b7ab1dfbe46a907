package fetch

import (
	"encoding/json"
	"maps"
	"testing"
	"time"
)

func TestCFIsWhatARequestInitTakes(t *testing.T) {
	off := false
	for _, c := range []struct {
		cf   *CF
		want string
	}{
		{nil, ``},
		{&CF{}, `{}`},
		{&CF{CacheEverything: true, CacheTTL: 90 * time.Second}, `{"cacheEverything":true,"cacheTtl":90}`},
		{&CF{CacheTTL: -1}, `{"cacheTtl":-1}`},
		{&CF{CacheTTLByStatus: map[string]int{"200-299": 60, "404": 1}, ResolveOverride: "a.example"}, `{"cacheTtlByStatus":{"200-299":60,"404":1},"resolveOverride":"a.example"}`},
		{&CF{ScrapeShield: &off, Other: map[string]any{"minify": map[string]any{"css": true}}}, `{"scrapeShield":false,"minify":{"css":true}}`},
	} {
		got, err := c.cf.encode()
		if err != nil || !sameJSON(got, c.want) {
			t.Errorf("%+v: %s, %v; want %s", c.cf, got, err, c.want)
		}
	}
	if _, err := (&CF{Other: map[string]any{"f": func() {}}}).encode(); err == nil {
		t.Error("a function was encoded")
	}
}

func sameJSON(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	var x, y map[string]any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	text := func(v any) string { t, _ := json.Marshal(v); return string(t) }
	return maps.EqualFunc(x, y, func(v, w any) bool { return text(v) == text(w) })
}
