package objectid

import (
	"strings"
	"testing"
)

// The ids are those of real workerd: env.COUNTERS.idFromName("a") in wrangler dev, of a Worker called shop.
func TestIDsAreThoseOfWorkerd(t *testing.T) {
	const a = "9f74ffecada7f12eecd4fb93f40bac8d9e190a0cd11d14f770f000571a8a7b3b"
	if got := FromName("shop-Counter", "a"); got != a {
		t.Errorf("got %s", got)
	}
	for _, c := range []struct {
		id, namespace     string
		wellFormed, valid bool
	}{
		{a, "shop-Counter", true, true}, {strings.ToUpper(a), "shop-Counter", true, true}, {a, "shop-Other", true, false},
		{a[:62], "shop-Counter", false, false}, {"x" + a[1:], "shop-Counter", false, false},
	} {
		spelled, wellFormed, valid := Check(c.namespace, c.id)
		if wellFormed != c.wellFormed || valid != c.valid || valid && spelled != a {
			t.Errorf("%s of %s: %q, %v, %v", c.id, c.namespace, spelled, wellFormed, valid)
		}
	}
}
