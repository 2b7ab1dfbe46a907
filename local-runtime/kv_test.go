package local_test

import (
	"io"
	"strings"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/kv"
)

var (
	notes  = kv.Namespace("NOTES")
	shared = kv.Namespace("SHARED")
)

func withKV() local.TestOptions {
	o := desk()
	o.KV = map[string]string{"NOTES": "notes", "SHARED": "notes"}
	return o
}

func TestValuesExpireByTheHostsClockAndOutliveIt(t *testing.T) {
	host := local.StartTest(t, withKV())
	if err := notes.Put(host.Context(), "short", map[string]int{"n": 1}, &kv.PutOptions{ExpirationTTL: time.Minute, Metadata: "m"}); err != nil {
		t.Fatal(err)
	}
	if err := notes.Put(host.Context(), "long", strings.NewReader("kept"), nil); err != nil {
		t.Fatal(err)
	}
	host.Clock.Advance(59 * time.Second)
	if err := host.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got struct{ N int }
	var metadata string
	if found, err := shared.GetWithMetadata(host.Context(), "short", &got, &metadata, nil); err != nil || !found || got.N != 1 || metadata != "m" {
		t.Errorf("before it expires, through the other binding: %v, %+v, %q, %v", found, got, metadata, err)
	}
	host.Clock.Advance(time.Second)
	if found, err := notes.Get(host.Context(), "short", &got, nil); err != nil || found {
		t.Errorf("after it expired: %v, %v", found, err)
	}
	var body io.ReadCloser
	if found, err := notes.Get(host.Context(), "long", &body, nil); err != nil || !found {
		t.Fatalf("after a restart: %v, %v", found, err)
	}
	defer body.Close()
	if text, err := io.ReadAll(body); err != nil || string(text) != "kept" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestBadDestinationsAndMissingNamespacesAreExplained(t *testing.T) {
	host := local.StartTest(t, withKV())
	if err := notes.Put(host.Context(), "k", "no JSON", nil); err != nil {
		t.Fatal(err)
	}
	var n int
	var s string
	for _, c := range []struct {
		err  error
		want string
	}{
		{get(notes, host, "k", &n), `kv: get "k": the value does not fit *int as JSON: invalid character`},
		{get(notes, host, "k", s), `kv: get "k": the destination must be a pointer, not string`},
		{notes.Put(host.Context(), "k", func() {}, nil), `kv: put "k": json: unsupported type: func()`},
		{notes.Put(host.Context(), "k", "v", &kv.PutOptions{Metadata: make(chan int)}), `kv: put "k": metadata: json: unsupported type: chan int`},
		{get(kv.Namespace("NONE"), host, "k", &s), "no kv binding \"NONE\" (there is NOTES, SHARED): add to wrangler.toml:\n[[kv_namespaces]]\nbinding = \"NONE\""},
		{get(kv.Namespace("FILES"), host, "k", &s), `binding "FILES" is of kind r2, not kv`},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", c.err, c.want)
		}
	}
}

func get(n kv.NamespaceBinding, host *local.Host, key string, dest any) error {
	_, err := n.Get(host.Context(), key, dest, nil)
	return err
}

// What native code streams is written by a goroutine of its own, which may be done before the host has heard of the call.
func TestNativeCodePutsWhatItStreams(t *testing.T) {
	host := local.StartTest(t, withKV())
	for _, size := range []int{3, 1 << 20} {
		want := strings.Repeat("x", size)
		for range 20 {
			var got string
			if err := notes.Put(host.Context(), "k", io.MultiReader(strings.NewReader(want)), nil); err != nil {
				t.Fatal(err)
			}
			if found, err := notes.Get(host.Context(), "k", &got, nil); err != nil || !found || got != want {
				t.Fatalf("%v, %v, %d bytes, want %d", found, err, len(got), size)
			}
		}
	}
}
