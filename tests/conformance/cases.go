package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Case is one behaviour. Without Steps it is one GET of its name.
type Case struct {
	Name    string
	Steps   []Step
	Mask    string // regular expression of what may differ in bodies
	Alone   bool   // run before the others: it takes most of an isolate's memory
	Differs difference
}

func (c Case) perform(ctx context.Context, h host) string {
	steps := c.Steps
	if steps == nil {
		steps = []Step{{}}
	}
	var mask *regexp.Regexp
	if c.Mask != "" {
		mask = regexp.MustCompile(c.Mask)
	}
	open := sockets{}
	defer open.close()
	var parts []string
	for _, s := range steps {
		parts = append(parts, s.perform(ctx, h, c.Name, mask, open))
	}
	return strings.Join(parts, "\n")
}

// allCases asks the oracle which cases there are, and joins what is known of each.
func allCases(oracle host, match *regexp.Regexp) ([]Case, error) {
	resp, err := http.Get(oracle.url + "/")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var names []string
	if err := json.NewDecoder(resp.Body).Decode(&names); err != nil {
		return nil, fmt.Errorf("names of cases: %w", err)
	}
	special := map[string]Case{}
	for _, c := range specialCases() {
		if _, twice := special[c.Name]; twice {
			return nil, fmt.Errorf("case %q is described twice", c.Name)
		}
		special[c.Name] = c
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	var cases []Case
	for _, name := range names {
		if !match.MatchString(name) || slices.Contains(parts, name) || strings.HasPrefix(name, partsPrefix) {
			continue
		}
		c, ok := special[name]
		if !ok {
			c.Name = name
		}
		c.Differs = differences[name]
		cases = append(cases, c)
	}
	return cases, nil
}

// parts are names that other cases use, and no cases by themselves.
var parts = []string{
	"rpc/fail elsewhere", "alarm/runs", "alarm/result", "kv/put then throw", "kv/get k", "id/self", "lifecycle/state", "section/hold", "section/fail",
	"section/uncommitted", "abort/with reason", "abort/without reason", "wait until/write", "wait until/fail", "wait until/in the Worker, result",
	"scheduled/record", "scheduled/recorded", "scheduled/result", "scheduled/kept", "sql/written before an error", "sql/count", "sql/violate at commit", "sql/tables",
	"d1/inside", "cache/inside", "workers kv/from inside", "queue/note", "queue/notes", "fetch/inside", "tcp/inside", "outbound/inside", "rpc types/inside",
	"exports/answer", "id/name for an alarm", "facet/used by its parent, which aborts", "facet/look",
	"http/status that cannot be", "http/header that cannot be", "http/header that cannot be, streamed", "http/value of a header that cannot be",
	"section/nested one fails", "section/hold, then fail", "abort/later", "event/leaves something behind", "error/of another", "error/after writing", "alarm/aborts", "alarm/aborts for good", "alarm/none follows",
}

// partsPrefix begins the names of further parts.
const partsPrefix = "storage rule/"

// specialCases are the cases that are more than one GET.
func specialCases() []Case {
	return slices.Concat(httpCases(), alarmCases(), socketCases(), []Case{
		{Name: "rpc/arguments too large", Mask: `was: \d+ bytes`, Alone: true},
		{Name: "rpc/result too large", Mask: `was: \d+ bytes`, Alone: true},
		{Name: "queue/handler throws", Alone: true},
		{Name: "d1 sql/foreign keys deferred and broken", Mask: `reference = \w+`, Alone: true}, // workerd starts the database anew
		{Name: "r2 put/body of a request", Steps: []Step{{Method: "POST", Body: string(pattern(300_000))}, {Method: "POST", Body: "small"}, {}}},
		{Name: "wait until/in the Worker", Steps: []Step{{}, {Case: "wait until/in the Worker, result", Until: "later"}}},
		{Name: "scheduled/events", Steps: []Step{
			{Cron: "*/5 * * * *", At: 1_700_000_000_000}, {Cron: "0 0 * * 1", At: 1_700_000_060_000}, {Case: "scheduled/result"},
		}},
		{Name: "scheduled/no retry", Steps: []Step{{Cron: "no retry", At: 1}, {Cron: "no retry, fails", At: 2}}},
		{Name: "scheduled/any text and time", Steps: []Step{{Cron: "keeps ß 💥", At: 0}, {Case: "scheduled/kept", Query: url.PathEscape("ß 💥")}, {Cron: "keeps past", At: -1000}, {Case: "scheduled/kept", Query: "past"}}},
		{Name: "scheduled/waits", Steps: []Step{{Cron: "waits", At: 5}, {Case: "scheduled/kept", Query: "later"}}},
		{Name: "scheduled/what it waits for fails", Steps: []Step{{Cron: "waits, fails", At: 5}}},
		{Name: "scheduled/panics", Steps: []Step{{Cron: "panics", At: 5}, {Cron: "keeps going", At: 6}, {Case: "scheduled/kept", Query: "going"}}},
	})
}

// alarmCases set an alarm and wait for the handler to have run as often as it should.
func alarmCases() []Case {
	var cases []Case
	for name, runs := range map[string]int{
		"once": 1, "cleared in the handler": 1, "in the past": 1, "again from the handler": 3, "retried after an error": 2, "new one replaces the retry": 2,
	} {
		name = "alarm/" + name
		until := `(?s){"pending":false.*` + strings.Repeat("retryCount.*", runs)
		cases = append(cases, Case{Name: name, Steps: []Step{{}, {Case: "alarm/result", Query: "of=" + url.QueryEscape(name), Until: until}}})
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Name, b.Name) })
	result := "of=" + url.QueryEscape("alarm/aborts")
	return append(cases,
		Case{Name: "alarm/abort is a failure", Steps: []Step{{Case: "alarm/aborts"}, {Case: "alarm/result", Query: result, Until: `(?s)retryCount.*retryCount`}}},
		Case{Name: "alarm/abort without a retry", Steps: []Step{
			{Case: "alarm/aborts for good"}, {Case: "alarm/result", Query: "of=" + url.QueryEscape("alarm/aborts for good"), Until: `retryCount`}, {Case: "alarm/none follows"},
		}},
	)
}

// httpCases send more than a GET, and look at headers.
func httpCases() []Case {
	binary := string(pattern(2000))
	each := func(query string, values ...string) (steps []Step) {
		for _, v := range values {
			steps = append(steps, Step{Query: query + v, Headers: []string{"Location"}})
		}
		return steps
	}
	large := make(http.Header)
	for i := range 100 {
		large.Set(fmt.Sprintf("X-H-%d", i), fmt.Sprint(i))
	}
	return []Case{
		{Name: "http/request", Steps: []Step{{Method: "GET"}, {Method: "POST"}, {Method: "PUT", Body: "x"}, {Method: "PATCH"}, {Method: "DELETE"}, {Method: "OPTIONS"}}},
		{Name: "http/path and query", Steps: []Step{{Query: "q=1&q=a%20b&q=%C3%BC+x&r"}, {Query: "q=%zz"}, {}}},
		{Name: "http/headers", Steps: []Step{{Header: http.Header{"X-One": {"eins"}, "X-Multi": {"a", "b"}, "X-Empty": {""}}}}},
		{Name: "http/many headers", Steps: []Step{{Header: large}}},
		{Name: "http/large header", Steps: []Step{{Header: http.Header{"X-Large": {strings.Repeat("h", 8000)}}, Headers: []string{"X-Large"}}}},
		{Name: "http/cookies", Steps: []Step{{Header: http.Header{"Cookie": {"a=1; b=\"2\"; c=drei"}}}}},
		{Name: "http/response headers", Steps: []Step{{Headers: []string{"X-One", "Cache-Control", "Content-Type", "X-Multi"}}}},
		{Name: "http/set-cookie", Steps: []Step{{Headers: []string{"Set-Cookie"}}}},
		{Name: "http/status", Steps: each("code=", "200", "201", "204", "205", "304", "400", "404", "418", "451", "500", "503", "599")},
		{Name: "http/redirect", Steps: each("code=", "301", "302", "303", "307", "308")},
		{Name: "http/echo body", Steps: []Step{
			{Method: "POST", Body: "plain text", Header: http.Header{"Content-Type": {"text/plain"}}, Headers: []string{"X-Type", "Content-Length"}},
			{Method: "PUT", Body: binary, Headers: []string{"X-Type", "Content-Length"}}, {Method: "POST"},
			{Method: "POST", Body: "sent in chunks", Chunked: true},
		}},
		{Name: "http/empty body", Steps: []Step{{Method: "GET"}, {Method: "POST"}, {Method: "POST", Body: "abc"}}},
		{Name: "http/large upload", Steps: []Step{{Method: "POST", Body: string(pattern(3_000_000))}, {Method: "POST", Body: string(pattern(1_000_000)), Chunked: true}}},
		{Name: "http/inline limit", Steps: []Step{{Query: "n=65535"}, {Query: "n=65536"}, {Query: "n=65537"}}},
		{Name: "http/streamed echo", Steps: []Step{{Method: "POST", Body: string(pattern(500_000)), Chunked: true}, {Method: "POST", Body: "small"}}},
		{Name: "http/passed on", Steps: []Step{{Method: "POST", Body: string(pattern(300_000))}, {Method: "POST", Body: string(pattern(300_000)), Chunked: true}, {Method: "POST", Body: "small"}}},
		{Name: "http/passed on after a start", Steps: []Step{{Method: "POST", Body: strings.Repeat("abcdefgh", 40_000)}, {Method: "POST", Body: "0123456789"}}},
		{Name: "http/passed on in part", Steps: []Step{{Method: "POST", Body: string(pattern(300_000)), Again: true}}},
		{Name: "http/passed on from a bucket", Steps: []Step{{Method: "POST", Body: string(pattern(300_000))}, {Method: "POST", Body: string(pattern(3_000_000))}}},
		{Name: "http/passed on and back", Steps: []Step{{Method: "POST", Body: string(pattern(300_000))}, {Method: "POST", Body: string(pattern(300_000)), Chunked: true}}},
		{Name: "http/streamed transform", Steps: []Step{{Method: "POST", Body: strings.Repeat("abcdefgh", 30_000), Chunked: true}}},
		{Name: "http/body not read", Steps: []Step{{Method: "POST", Body: string(pattern(300_000)), Again: true}, {Method: "POST", Body: "x"}}},
		{Name: "http/early answer", Steps: []Step{{Method: "POST", Body: string(pattern(100_000)), Again: true}}},
		{Name: "http/json", Steps: []Step{{Method: "POST", Body: `{"list":[1,2,3]}`}}},
		{Name: "http/head", Steps: []Step{{Method: "HEAD", Headers: []string{"X-Head"}}}},
		{Name: "http/uncaught error", Steps: []Step{{Drop: true}, {Case: "http/request"}}},
		{Name: "http/uncaught panic", Steps: []Step{{Drop: true}, {Case: "http/request"}}},
		{Name: "http/no such case", Steps: []Step{{}, {Case: "%00"}}},
		{Name: "fetch/proxied", Steps: []Step{{Headers: []string{"X-Proxied"}}}},
		{Name: "bad input/not HTTP", Steps: []Step{{Raw: "nonsense\r\n\r\n"}}},
		{Name: "bad input/bad header line", Steps: []Step{{Raw: "GET / HTTP/1.1\r\nHost: x\r\nno colon here\r\nConnection: close\r\n\r\n"}}},
		{Name: "bad input/bad content length", Steps: []Step{{Raw: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\nConnection: close\r\n\r\n"}}},
	}
}
