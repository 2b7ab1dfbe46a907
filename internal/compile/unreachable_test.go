package compile

import (
	"strings"
	"testing"
)

func TestCallsThatReachNothingAreWarnedOf(t *testing.T) {
	all := strings.Join(SourceOf(t.Context(), "", "./testdata/unreachable").Unreachable(), "\n")
	for _, want := range []string{"main.go:12: http.Get has no network", "workers.Fetch", "main.go:14: net.Dial has", "sockets.Connect", "main.go:15: http.DefaultClient has", "main.go:18: http.ListenAndServe has", "workers.Serve"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing says %q:\n%s", want, all)
		}
	}
	if n := strings.Count(all, "\n"); n != 3 {
		t.Errorf("%d warnings:\n%s", n+1, all)
	}
}

func TestTheDefaultClientIsFineOnceItHasATransport(t *testing.T) {
	if all := SourceOf(t.Context(), "", "./testdata/transport").Unreachable(); len(all) != 0 {
		t.Errorf("warnings: %q", all)
	}
}
