package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	same := difference{}
	goOnly, local := difference{why: "typed"}, difference{why: "counts", local: true}
	tests := []struct {
		name                          string
		differs                       difference
		oracle, workerd, local, mixed string
		want                          string
	}{
		{"all alike", same, "a", "a", "a", "a", "equal"},
		{"Go differs from JavaScript", same, "a", "b", "b", "a", "different"},
		{"the homes of Go differ", same, "a", "a", "b", "a", "different"},
		{"a documented difference", goOnly, "a", "b", "b", "a", "documented"},
		{"a documented difference that is gone", goOnly, "a", "a", "a", "a", "different"},
		{"a documented difference, and another", goOnly, "a", "b", "c", "a", "different"},
		{"the local host differs as documented", local, "a", "a", "b", "a", "documented"},
		{"workerd differs where only the local host may", local, "a", "b", "c", "a", "different"},
		{"a JavaScript Worker sees what documents the difference", goOnly, "a", "b", "b", "b", "documented"},
		{"a JavaScript Worker sees something else", goOnly, "a", "b", "b", "c", "different"},
		{"a JavaScript Worker alone sees a difference", same, "a", "a", "a", "b", "different"},
		{"the local host differs no more", local, "a", "a", "a", "a", "different"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := judge(Case{Differs: tt.differs}, []answer{{"oracle", tt.oracle}, {"workerd", tt.workerd}, {"local", tt.local}, {"mixed", tt.mixed}})
			got := "equal"
			switch {
			case v.different:
				got = "different"
			case v.documented:
				got = "documented"
			}
			if got != tt.want {
				t.Errorf("judged %s (%s), want %s", got, v.why, tt.want)
			}
		})
	}
}

func TestRenderShowsWhatAClientSees(t *testing.T) {
	render := func(body string, mask *regexp.Regexp) string {
		resp := &http.Response{StatusCode: 201, Header: http.Header{"X-A": {"1", "2"}}, Body: io.NopCloser(strings.NewReader(body))}
		return render(resp, []string{"X-A", "X-B"}, mask)
	}
	head := "201\nX-A: 1 | 2\nX-B: \n"
	for body, want := range map[string]string{
		`{"b": 1e2, "a": [1.0]}`:   `{"a":[1],"b":100}`,
		"text":                     "text",
		"{not JSON":                "{not JSON",
		"\xff\xfe":                 "2 bytes, SHA-256 ",
		strings.Repeat("x", 20001): "20001 bytes, SHA-256 ",
	} {
		got := render(body, nil)
		if digest, ok := strings.CutPrefix(got, head+want); !ok || strings.HasSuffix(want, " ") != (len(digest) == 64) {
			t.Errorf("%.30q is rendered as %q", body, got)
		}
	}
	if got := render("was: 17 bytes", regexp.MustCompile(`\d+ bytes`)); got != head+"was: <masked>" {
		t.Errorf("masked: %q", got)
	}
}
