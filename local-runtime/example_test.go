package local_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/ring/node"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/kv"
)

// A host without a Worker, for tools that work on what is stored.
func ExampleOpenStores() {
	host, err := local.OpenStores(context.Background(), local.Options{
		Databases: map[string]local.Database{"DB": {}}, KV: map[string]string{"CONFIG": "config"}, // Dir: ".lattice/state"
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer host.Close()

	r, err := d1.Database("DB").Exec(host.Context(), "CREATE TABLE posts (title TEXT)")
	fmt.Println(r.Count, err)
	fmt.Println(kv.Namespace("CONFIG").Put(host.Context(), "theme", "dark", nil))
	// Output:
	// 1 <nil>
	// <nil>
}

// Several Workers together, as `lattice dev -c app/wrangler.toml -c auth/wrangler.toml` runs them. Tests have TestOptions.Workers for it.
func ExampleNewSession() {
	_ = func(ctx context.Context, app, auth []byte) error {
		session, err := local.NewSession(local.SessionOptions{Dir: ".lattice/state", Workers: []string{"app", "auth"}})
		if err != nil {
			return err
		}
		defer session.Close()
		if _, err := session.Start(ctx, local.Options{Name: "auth", Module: auth}); err != nil {
			return err
		}
		host, err := session.Start(ctx, local.Options{Name: "app", Module: app, Services: map[string]string{"AUTH": "auth"}})
		if err != nil {
			return err
		}
		return http.ListenAndServe("127.0.0.1:8787", host)
	}
}

// A test of what becomes of a disk that is full.
func ExampleHost_Inject() {
	_ = func(t *testing.T) {
		host := local.StartTest(t, local.TestOptions{Package: "../worker", Options: local.Options{Objects: map[string]string{"NODES": "Node"}}})
		full := host.Inject(local.StorageFault{Class: "Node", On: local.OnCommit, Times: 1})
		if _, err := node.Add.Call(host.Context(), node.Nodes.GetByName("first"), 1); err == nil {
			t.Error("an addition that was not stored was acknowledged")
		}
		if full.Count() != 1 {
			t.Error("nothing was committed")
		}
		if _, err := node.Add.Call(host.Context(), node.Nodes.GetByName("first"), 1); err != nil {
			t.Error("the object did not recover:", err)
		}
	}
}

// A test that two callers at once lose nothing, in a hundred orders of what happens.
func ExampleSimulate() {
	_ = func(t *testing.T) {
		o := local.TestOptions{Package: "../worker", Options: local.Options{Objects: map[string]string{"NODES": "Node"}}}
		local.Simulate(t, o, 100, func(t *testing.T, sim *local.Sim) {
			for _, name := range []string{"ann", "bob"} {
				sim.Go(name, func(ctx context.Context) error {
					_, err := node.Add.Call(ctx, node.Nodes.GetByName("first"), 1)
					return err
				})
			}
			if err := sim.Run(); err != nil {
				t.Fatal(err)
			}
			if total, err := node.Add.Call(sim.Context(), node.Nodes.GetByName("first"), 0); err != nil || total != 2 {
				t.Error(total, err)
			}
		})
	}
}

// The time of a host that stands still until a test moves it.
func ExampleVirtualClock() {
	clock := local.NewVirtualClock(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	clock.AfterFunc(time.Hour, func() { fmt.Println("an hour later, at once") })
	clock.Advance(90 * time.Minute)
	fmt.Println(clock.Now().Format(time.TimeOnly))
	// Output:
	// an hour later, at once
	// 01:30:00
}

// A module, and what its objects have stored.
func Example() {
	module, err := local.BuildTest("./testdata/ring")
	if err != nil {
		fmt.Println(err)
		return
	}
	host, err := local.New(context.Background(), local.Options{
		Module: module, CacheDir: local.TestCacheDir(), Objects: map[string]string{"NODES": "Node"}, Logger: quiet(),
		Clock: local.NewVirtualClock(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer host.Close()

	total, err := node.Add.Call(host.Context(), node.Nodes.GetByName("first"), 41)
	fmt.Println(total, err)
	stored, err := host.Storage("Node", "first").List("")
	fmt.Println(stored, err)
	evicted, err := host.Evict("Node", "first")
	fmt.Println(evicted, err)
	total, err = node.Add.Call(host.Context(), node.Nodes.GetByName("first"), 1)
	fmt.Println(total, err)
	// Output:
	// 41 <nil>
	// [{total 41}] <nil>
	// true <nil>
	// 42 <nil>
}
