package inspector

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestValuesAreShownForPeople(t *testing.T) {
	long := strings.Repeat("é", 5000)
	for _, c := range []struct {
		name string
		v    any
		want Value
	}{
		{"nothing", nil, Value{Kind: "null", Brief: "null"}},
		{"a text that says so", "null", Value{Kind: "text", Brief: "null"}},
		{"an empty text", "", Value{Kind: "null", Brief: "empty text"}},
		{"a REAL that is whole", 3.0, Value{Kind: "number", Brief: "3.0"}},
		{"a large INTEGER", int64(9223372036854775807), Value{Kind: "number", Brief: "9223372036854775807"}},
		{"bytes", []byte{0, 255}, Value{Kind: "bytes", Brief: "x'00ff'", Size: "2 bytes"}},
		{"markup in JSON", map[string]any{"a": "<b>"}, Value{Kind: "json", Brief: `{"a":"<b>"}`}},
		{"codes of a terminal and of directions", "a\x1b[31mb\u202ec\x7f\xff", Value{Kind: "text", Brief: "a\\x1b[31mb\\u202ec\\x7f\ufffd"}},
		{"lines", "a\n\tb", Value{Kind: "text", Brief: "a\n\tb"}},
		{"many lines", "a\nb\nc\nd", Value{Kind: "text", Brief: "a\nb\nc…", Whole: "a\nb\nc\nd", Size: "7 bytes"}},
		{"a time", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Value{Kind: "time", Brief: "2026-01-02T03:04:05Z"}},
		{"a long text", long, Value{Kind: "text", Brief: strings.Repeat("é", maxBrief) + "…", Whole: strings.Repeat("é", maxShown) + "…", Size: "10,000 bytes"}},
	} {
		if got := valueOf(c.v); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := logText("\x1b[1;31mred\x1b[0m \x1b]0;title\x07"); got.Brief != `red \x1b]0;title\x07` {
		t.Errorf("a coloured line: %q", got.Brief)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for d, want := range map[time.Duration]string{30 * time.Second: "in 30s", time.Hour: "in 1h", 90 * time.Minute: "in 1h30m", 50 * time.Hour: "in 2d2h", -time.Minute: "1m ago"} {
		if got := until(time.Unix(0, 0).Add(d), time.Unix(0, 0)); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestRecordsNameTheObjectWhoseCodeLogged(t *testing.T) {
	id := strings.Repeat("0f", 32)
	r := NewRecord()
	log := r.Tee(slog.New(slog.DiscardHandler), nil)
	log.With("class", "Room", "id", id).Info("said", "id", "7")
	log.Info("named by the program", "room", id)
	log.Info("not an object", "id", "7")
	all := r.Logs() // the newest first
	if got := all[2]; got.Class != "Room" || got.Object != id || got.Text != "said id=7" {
		t.Errorf("%+v", got)
	}
	if got := all[1]; got.Class != "" || got.Object != id || got.Text != "named by the program room="+id {
		t.Errorf("%+v", got)
	}
	if got := all[0]; got.Object != "" {
		t.Errorf("%+v", got)
	}
}
