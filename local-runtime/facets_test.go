package local_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/ring/node"
)

// files lists what is stored about objects, without the folder of the class.
func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "objects"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestFacetsAreStoredBelowTheirParentAndLastAsLong(t *testing.T) {
	o := ring()
	o.Dir = t.TempDir()
	h := local.StartTest(t, o)
	ctx := h.Context()
	add := func(facet string, n int) int {
		t.Helper()
		return must[int](t)(node.Inner.Call(h.Context(), nodeOf("x"), node.Within{Facet: facet, Method: "add", N: n}))
	}
	must[int](t)(node.Add.Call(ctx, nodeOf("x"), 100))
	add("a", 5)
	add("b/../../c", 1)
	for what, end := range map[string]func() error{
		"eviction": func() error { _, err := h.EvictAll(); return err },
		"a crash":  func() error { return h.Crash("by the test") },
		"restart":  func() error { return h.Restart(t.Context()) },
	} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if a, b := add("a", 0), add("b/../../c", 0); a != 5 || b != 1 {
			t.Errorf("after %s the facets have %d and %d", what, a, b)
		}
	}
	if list := must[[]local.Object](t)(h.Objects("Node")); len(list) != 1 {
		t.Errorf("the object with its facets is listed as %v", list)
	}
	id := must[durables.ID](t)(node.Nodes.IDFromName(h.Context(), "x"))
	for _, path := range files(t, o.Dir) {
		if rel, _ := filepath.Rel(filepath.Join(o.Dir, "objects", "ring-Node"), path); !strings.HasPrefix(rel, id.String()) {
			t.Errorf("%s is not the object's", rel)
		}
	}
	must[durables.None](t)(node.Forget.Call(h.Context(), nodeOf("x"), durables.None{}))
	for _, path := range files(t, o.Dir) {
		if strings.Contains(path, ".facets") {
			t.Errorf("deleteAll left %s", path)
		}
	}
	if n := add("a", 1); n != 1 {
		t.Errorf("%d after deleteAll", n)
	}
}

func TestAParentStaysWhileItsFacetWorks(t *testing.T) {
	sim := local.NewSim(t, ring(), 1)
	remembers := map[string]int{}
	sim.Go("nap", func(ctx context.Context) error {
		if _, err := node.Add.Call(ctx, nodeOf("x"), 1); err != nil {
			return err
		}
		_, err := node.Inner.Call(ctx, nodeOf("x"), node.Within{Facet: "a", Method: "nap", N: 25_000})
		return err
	})
	sim.Go("look", func(ctx context.Context) error {
		for _, when := range []string{"while it sleeps", "soon after", "long after"} {
			sim.Sleep(20 * time.Second)
			log, err := node.Log.Call(ctx, nodeOf("x"), durables.None{})
			if err != nil {
				return err
			}
			remembers[when] = len(log)
		}
		return nil
	})
	if err := sim.Run(); err != nil {
		t.Fatal(err)
	}
	if remembers["while it sleeps"] != 1 || remembers["soon after"] != 0 || remembers["long after"] != 0 {
		t.Errorf("the parent of a facet that sleeps for 25 s remembers %v, seen every 20 s", remembers)
	}
}

func TestObjectsWithoutABinding(t *testing.T) {
	o := ring()
	o.Objects = nil
	h := local.StartTest(t, o)
	nodes := node.Class.Exports()
	must[int](t)(node.Add.Call(h.Context(), nodes.GetByName("x"), 5))
	if list := must[[]local.Object](t)(h.Objects("Node")); len(list) != 1 || !list[0].Live {
		t.Errorf("objects %v", list)
	}
	if evicted := must[bool](t)(h.Evict("Node", "x")); !evicted {
		t.Error("it was not in memory")
	}
	if n := must[int](t)(node.Add.Call(h.Context(), nodes.GetByName("x"), 1)); n != 6 {
		t.Errorf("total %d", n)
	}
	if _, err := h.Objects("Nobody"); err == nil {
		t.Error("a class that the module does not have has objects")
	}
	stranger := durables.Class("Stranger", func(context.Context, *durables.State) (*struct{}, error) { return nil, nil })
	err := stranger.Exports().GetByName("x").Call(h.Context(), "hello", nil)
	if err == nil || !strings.Contains(err.Error(), `the Worker exports nothing called "Stranger"`) {
		t.Errorf("a class that the module does not have: %v", err)
	}
}
