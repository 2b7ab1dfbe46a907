package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// An export goes on for a while, and is asked for with the bookmark of the last answer until it is complete.
func TestAnExportIsWaitedFor(t *testing.T) {
	var bookmarks []string
	var slept time.Duration
	answers := []string{`{"success":true,"status":"active","at_bookmark":"b1"}`, `{"success":true,"status":"active","at_bookmark":"b2"}`, `{"success":true,"status":"complete","result":{"signed_url":"URL/signed"}}`}
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/signed" {
			if r.Header.Get("Authorization") != "" {
				t.Error("a signed address gets the token")
			}
			fmt.Fprint(w, "SELECT 1;")
			return
		}
		var body struct {
			Bookmark string `json:"current_bookmark"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		bookmarks = append(bookmarks, body.Bookmark)
		fmt.Fprintf(w, `{"success":true,"result":%s}`, strings.ReplaceAll(answers[0], "URL", s.URL))
		answers = answers[1:]
	}))
	defer s.Close()
	c, err := New(Options{BaseURL: s.URL, Token: "token", Account: "a", Sleep: func(_ context.Context, d time.Duration) error {
		slept += d
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Export(t.Context(), "db", Dump{})
	if err != nil || string(text) != "SELECT 1;" || strings.Join(bookmarks, " ") != " b1 b2" || slept != 2*time.Second {
		t.Errorf("%s, %v; bookmarks %q, slept %s", text, err, bookmarks, slept)
	}
	answers = []string{`{"success":true,"status":"error","error":"the database is too large"}`}
	if _, err := c.Export(t.Context(), "db", Dump{}); err == nil || !strings.Contains(err.Error(), "the database is too large") {
		t.Error(err)
	}
	answers = []string{`{"success":true,"status":"complete","result":{"signed_url":"http://example.com/signed"}}`}
	if _, err := c.Export(t.Context(), "db", Dump{}); err == nil || !strings.Contains(err.Error(), "not encrypted") {
		t.Error(err)
	}
}
