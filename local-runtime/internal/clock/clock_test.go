package clock

import (
	"reflect"
	"testing"
	"time"
)

func TestAdvanceFiresInOrderOfTime(t *testing.T) {
	v := NewVirtual(time.Unix(100, 0))
	var got []string
	note := func(s string) func() {
		return func() { got = append(got, s+"@"+v.Now().Sub(time.Unix(100, 0)).String()) }
	}
	v.AfterFunc(3*time.Second, note("c"))
	v.AfterFunc(time.Second, note("a"))
	v.AfterFunc(time.Second, note("b"))
	stop := v.AfterFunc(2*time.Second, note("stopped"))
	v.AfterFunc(9*time.Second, note("late"))
	v.AfterFunc(time.Second, func() { v.AfterFunc(time.Second, note("from a timer")) })
	stop()
	settled := 0
	v.OnAdvance(func() { settled++ })
	v.Advance(5 * time.Second)
	want := []string{"a@1s", "b@1s", "from a timer@2s", "c@3s"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if settled != 6 {
		t.Errorf("waited %d times, want once before and after each of 5 timers", settled)
	}
	if now := v.Now(); !now.Equal(time.Unix(105, 0)) {
		t.Errorf("the clock stands at %v", now)
	}
}
