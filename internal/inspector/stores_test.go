package inspector

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/kv"
)

// account is a KV namespace on Cloudflare, which a look must not reach.
type account struct{ t *testing.T }

func (a account) Get(string, int64) (*local.KVEntry, error) { a.t.Error("read"); return nil, nil }
func (a account) Put(local.KVEntry, int64) error            { a.t.Error("written"); return nil }
func (a account) Delete(string) error                       { a.t.Error("deleted"); return nil }
func (a account) List(string, string, int, int64) ([]local.KVEntry, string, error) {
	a.t.Error("listed")
	return nil, "", nil
}

// stored is an inspector of stores alone.
func stored(t *testing.T) (*Inspector, *local.Host) {
	t.Helper()
	host, err := local.OpenStores(t.Context(), local.Options{
		Name: "site", Dir: t.TempDir(), Databases: map[string]local.Database{"DB": {}}, KV: map[string]string{"CACHE": "cache", "AWAY": "away"},
		RemoteKV: map[string]local.KVStore{"AWAY": account{t}}, Buckets: map[string]string{"FILES": "files"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close() })
	i, err := New(Options{Clock: local.NewAdjustableClock(), Record: NewRecord(), Log: slog.New(slog.DiscardHandler), Workers: func() []Worker {
		return []Worker{{Name: "site", Enter: func(context.Context) (*local.Host, func(), error) { return host, func() {}, nil }}}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.listener.Close() })
	return i, host
}

func TestStoresOnCloudflareAreNotLookedInto(t *testing.T) {
	i, _ := stored(t)
	if w := i.try("GET", "/stores", nil, nil); !strings.Contains(w.Body.String(), "lattice kv key list --binding AWAY --remote") {
		t.Errorf("the list: %s", w.Body)
	}
	for _, path := range []string{"/namespace?binding=AWAY", "/namespace?binding=AWAY&key=a"} {
		if w := i.try("GET", path, nil, nil); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "AWAY is on Cloudflare") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/namespace/put", "/namespace/delete"} {
		i.try("POST", path, url.Values{"csrf": {i.csrf}, "binding": {"AWAY"}, "key": {"a"}, "value": {"b"}}, nil)
	}
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	i, _ := stored(t)
	for path, want := range map[string]string{
		"/database?binding=NONE":                  "has no binding &#34;NONE&#34;",
		"/database?binding=CACHE":                 "has no binding",
		"/database?binding=DB&table=absent":       "there is no table &#34;absent&#34;",
		"/namespace?binding=CACHE&key=":           "Key name cannot be empty",
		"/namespace?binding=CACHE&key=none":       "There is no such key",
		"/namespace?binding=CACHE":                "No keys.",
		"/bucket?binding=FILES":                   "The bucket is empty.",
		"/bucket?binding=FILES&key=none":          "There is no such object",
		"/bucket/download?binding=FILES&key=none": "there is no object",
	} {
		if w := i.try("GET", path, nil, nil); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d without %q: %s", path, w.Code, want, w.Body)
		}
	}
}

func TestKeysThatAreWrittenByHand(t *testing.T) {
	i, host := stored(t)
	put := func(fields ...string) string {
		t.Helper()
		form := url.Values{"csrf": {i.csrf}, "binding": {"CACHE"}, "back": {"/namespace?binding=CACHE"}}
		for n := 0; n < len(fields); n += 2 {
			form.Set(fields[n], fields[n+1])
		}
		w := i.try("POST", "/namespace/put", form, nil)
		return i.try("GET", w.Header().Get("Location"), nil, nil).Body.String()
	}
	for _, c := range []struct {
		fields []string
		want   string
	}{
		{[]string{"key", "", "value", "x"}, "write the name of the key"},
		{[]string{"key", "a", "value", "x", "metadata", "{"}, "the metadata is not JSON"},
		{[]string{"key", "a", "value", "x", "ttl", "soon"}, "such as 10m or 24h"},
		{[]string{"key", "a", "value", "x", "ttl", "1s"}, "60"}, // seconds at least, says KV
		{[]string{"key", "a", "value", "one\r\ntwo", "metadata", `{"n":1}`, "ttl", "2h"}, "Stored under a."},
	} {
		if page := put(c.fields...); !strings.Contains(page, c.want) {
			t.Errorf("%q: without %q: %s", c.fields, c.want, page)
		}
	}
	var value string
	var meta struct{ N int }
	if found, err := kv.Namespace("CACHE").GetWithMetadata(host.Context(), "a", &value, &meta, nil); !found || err != nil || value != "one\ntwo" || meta.N != 1 {
		t.Errorf("stored is %q, %+v, %v, %v", value, meta, found, err)
	}
}
