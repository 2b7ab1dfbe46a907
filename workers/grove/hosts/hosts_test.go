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

func TestChoice(t *testing.T) {
	for name, want := range map[string]Kind{
		"fern": Tenant, "f2": Tenant, "a-b--c": Tenant, "www": Reserved, "grove": Reserved,
		"": Unknown, "f": Unknown, "Fern": Unknown, "-fern": Unknown, "fern-": Unknown, "a.b": Unknown, "www.fern": Unknown, "a b": Unknown, "é1": Unknown, "xn--fern-eka": Unknown,
	} {
		if got := Choice(name); got != want {
			t.Errorf("Choice(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestIsLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost:8787": true, "localhost": true, "alice.localhost:8787": true, "127.0.0.1:80": true, "[::1]:80": true,
		"grove.place": false, "localhost.evil.test": false, "10.0.0.1": false,
	} {
		if got := IsLocal(host); got != want {
			t.Errorf("IsLocal(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestOrigin(t *testing.T) {
	for want, of := range map[string][2]string{
		"https://alice.grove.place": {"grove.place", "alice"}, "https://grove.place": {"grove.place", ""}, "http://alice.localhost:8787": {"localhost:8787", "alice"},
	} {
		if got := Origin(of[0], of[1]); got != want {
			t.Errorf("Origin(%q) = %q, want %q", of, got, want)
		}
	}
}
