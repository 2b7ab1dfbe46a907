package hosts

import "testing"

func TestClassify(t *testing.T) {
	cases := []struct {
		host, domain string
		want         Place
	}{
		{"grove.place", "grove.place", Place{Kind: Apex}},
		{"GROVE.place", "grove.place", Place{Kind: Apex}},
		{"localhost:8787", "localhost:8787", Place{Kind: Apex}},
		{"alice.grove.place", "grove.place", Place{Kind: Tenant, Tenant: "alice"}},
		{"Alice.localhost:8787", "localhost:8787", Place{Kind: Tenant, Tenant: "alice"}},
		{"www.grove.place", "grove.place", Place{Kind: Reserved}},
		{"Admin.grove.place", "grove.place", Place{Kind: Reserved}},
		{"a.b.grove.place", "grove.place", Place{}},
		{"-a.grove.place", "grove.place", Place{}},
		{".grove.place", "grove.place", Place{}},
		{"evilgrove.place", "grove.place", Place{}},
		{"grove.place.evil.test", "grove.place", Place{}},
		{"grove.place:8080", "grove.place", Place{}},
		{"localhost", "localhost:8787", Place{}},
		{"", "grove.place", Place{}},
	}
	for _, c := range cases {
		if got := Classify(c.host, c.domain); got != c.want {
			t.Errorf("Classify(%q, %q) = %+v, want %+v", c.host, c.domain, got, c.want)
		}
	}
}
