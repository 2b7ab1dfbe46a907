package host

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
)

// policy is what RFC 9111 has a shared cache do with a response. The numbers in comments are its sections.
type policy struct {
	storable bool
	lifetime time.Duration
	headers  []abi.Header // those that are kept
}

// directives are the fields of Cache-Control, 5.2.
func directives(text string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			all[name] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return all
}

// cacheableStatus is the statuses that the store of wrangler dev keeps.
var cacheableStatus = []int{200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501}

// heuristic is those of them that need nothing said of their age, RFC 9110, 15.1.
var heuristic = []int{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}

func policyOf(request http.Header, status int, response http.Header, now time.Time) policy {
	cc := directives(strings.Join(response.Values("Cache-Control"), ","))
	has := func(name string) bool { _, ok := cc[name]; return ok }
	cookies := response.Get("Set-Cookie") != ""
	if strings.EqualFold(cc["private"], "set-cookie") { // Cloudflare's way to keep a response without its cookies
		response = response.Clone()
		response.Del("Set-Cookie")
		delete(cc, "private")
		cookies = false
	}
	if response.Get("Cache-Control") == "" && strings.Contains(response.Get("Pragma"), "no-cache") {
		cc["no-cache"] = ""
	}
	said := has("max-age") || has("s-maxage") || has("public") || response.Get("Expires") != ""
	p := policy{headers: keptHeaders(response, now)}
	p.storable = slices.Contains(cacheableStatus, status) && !has("no-store") && !has("private") && !cookies &&
		(request.Get("Authorization") == "" || has("must-revalidate") || has("public") || has("s-maxage")) && // 3.5
		(said || slices.Contains(heuristic, status))
	age := time.Duration(seconds(response.Get("Age"))) * time.Second
	fresh := freshness(cc, response, now) - age
	p.lifetime = max(0, fresh)
	for _, stale := range []string{"stale-if-error", "stale-while-revalidate"} { // RFC 5861: wrangler dev's store serves it as if it were fresh
		p.lifetime = max(p.lifetime, fresh+time.Duration(seconds(cc[stale]))*time.Second)
	}
	return p
}

func seconds(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n > math.MaxInt32 {
		return max(0, min(n, math.MaxInt32)) // 0 for what is no number
	}
	return n
}

// freshness is for how long the response is fresh, 4.2.1.
func freshness(cc map[string]string, response http.Header, now time.Time) time.Duration {
	has := func(name string) bool { _, ok := cc[name]; return ok }
	switch {
	case has("no-cache") || has("proxy-revalidate"):
		return 0
	case cc["s-maxage"] != "":
		return time.Duration(seconds(cc["s-maxage"])) * time.Second
	case cc["max-age"] != "":
		return time.Duration(seconds(cc["max-age"])) * time.Second
	}
	date := now
	if at, err := http.ParseTime(response.Get("Date")); err == nil {
		date = at
	}
	var least time.Duration
	if has("immutable") {
		least = 24 * time.Hour
	}
	if text := response.Get("Expires"); text != "" {
		at, err := http.ParseTime(text)
		if err != nil || at.Before(date) {
			return 0
		}
		return max(least, at.Sub(date))
	}
	if at, err := http.ParseTime(response.Get("Last-Modified")); err == nil && date.After(at) { // 4.2.2
		return max(least, date.Sub(at)/10)
	}
	return least
}

// perConnection are headers that are not kept, 3.1; the date is that of the storing.
var perConnection = []string{"Date", "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Age"}

func keptHeaders(response http.Header, now time.Time) []abi.Header {
	dropped := slices.Clone(perConnection)
	for name := range strings.SplitSeq(response.Get("Connection"), ",") {
		dropped = append(dropped, http.CanonicalHeaderKey(strings.TrimSpace(name)))
	}
	var kept []abi.Header
	for name, values := range response {
		if slices.Contains(dropped, name) {
			continue
		}
		for _, v := range values {
			kept = append(kept, abi.Header{Name: name, Value: v})
		}
	}
	slices.SortStableFunc(kept, func(a, b abi.Header) int { return strings.Compare(a.Name, b.Name) })
	return append(kept, abi.Header{Name: "Age", Value: strconv.FormatInt(seconds(response.Get("Age")), 10)},
		abi.Header{Name: "Date", Value: now.UTC().Format(http.TimeFormat)})
}

// notModified reports whether a conditional request has what is kept, RFC 9110, 13.
func notModified(request, kept http.Header) bool {
	if given, tag := request.Get("If-None-Match"), opaque(kept.Get("Etag")); given != "" && tag != "" {
		if strings.TrimSpace(given) == "*" {
			return true
		}
		for one := range strings.SplitSeq(given, ",") {
			if opaque(one) == tag {
				return true
			}
		}
	}
	since, err := http.ParseTime(request.Get("If-Modified-Since"))
	at, failed := http.ParseTime(kept.Get("Last-Modified"))
	return err == nil && failed == nil && !at.After(since)
}

// opaque is an entity tag without its quotes, or nothing.
func opaque(tag string) string {
	tag, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
	tag, closed := strings.CutSuffix(tag, `"`)
	if !ok || !closed {
		return ""
	}
	return tag
}

// partOf is the part of size bytes that a Range asks for. Without one, and with several, it is the whole; ok is false when there is no such part.
func partOf(text string, size int64) (offset, length int64, part, ok bool) {
	unit, ranges, found := strings.Cut(text, "=")
	if text == "" || strings.Contains(ranges, ",") || found && strings.TrimSpace(ranges) == "" {
		return 0, size, false, true
	}
	first, last, dash := strings.Cut(ranges, "-")
	if !found || !dash || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return 0, 0, false, false
	}
	from, noFirst := strconv.ParseInt(strings.TrimSpace(first), 10, 64)
	to, noLast := strconv.ParseInt(strings.TrimSpace(last), 10, 64)
	switch first, last := strings.TrimSpace(first) == "", strings.TrimSpace(last) == ""; {
	case first && last, !first && noFirst != nil, !last && noLast != nil:
		return 0, 0, false, false
	case first && (to >= size || to == 0):
		return 0, size, false, true
	case first:
		return size - to, to, true, true
	case from >= size, !last && from > to:
		return 0, 0, false, false
	case last || to >= size:
		to = size - 1
	}
	return from, to - from + 1, true, true
}
