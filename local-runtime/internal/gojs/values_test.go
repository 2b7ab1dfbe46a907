package gojs

import (
	"math"
	"testing"
)

func newTable() *table {
	t := &table{}
	t.init(&object{}, &object{})
	return t
}

func TestReferencesStandForTheirValues(t *testing.T) {
	tab := newTable()
	o := &object{}
	for name, v := range map[string]any{
		"undefined": undefined{}, "null": nil, "true": true, "false": false, "zero": float64(0), "a number": 1.5, "a string": "x", "an object": o,
	} {
		if got := tab.load(tab.store(v)); got != v {
			t.Errorf("%s came back as %v", name, got)
		}
	}
	if f, ok := tab.load(tab.store(math.NaN())).(float64); !ok || !math.IsNaN(f) {
		t.Error("NaN came back as something else")
	}
	if got := tab.load(tab.store(math.Copysign(0, -1))); got != float64(0) {
		t.Errorf("-0 came back as %v", got)
	}
	if first, second := tab.store("x"), tab.store("x"); first != second {
		t.Error("equal strings have different references: === would be false")
	}
}

func TestReleasedReferencesAreUsedAgain(t *testing.T) {
	tab := newTable()
	for range 3 {
		a, b := tab.store("a"), tab.store("a")
		tab.release(uint32(a))
		if got := tab.load(b); got != "a" {
			t.Fatalf("a value with a reference left became %v", got)
		}
		tab.release(uint32(b))
		tab.release(uint32(b)) // once too often
		tab.release(1 << 20)   // never given out
	}
	for id := range uint32(predefined) {
		tab.release(id)
	}
	if n := len(tab.values); n != predefined+1 {
		t.Errorf("the table grew to %d", n)
	}
	if got := tab.load(tab.store(true)); got != true {
		t.Errorf("a predefined value was released: %v", got)
	}
}

func TestNumbersPrintAsInJavaScript(t *testing.T) {
	for want, v := range map[string]float64{"1": 1, "-2.5": -2.5, "100000000000000000000": 1e20, "Infinity": math.Inf(1), "NaN": math.NaN()} {
		if got := toString(v); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
