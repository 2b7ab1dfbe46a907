package local_test

import (
	"context"
	"fmt"
	"time"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/ring/node"
)

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
