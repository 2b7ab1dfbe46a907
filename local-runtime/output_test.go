package local_test

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/thing"
)

type outcome struct {
	text string
	err  error
}

// saying starts a call of an object whose commits take ten seconds to be confirmed, and returns when it has written.
func saying(h *local.Host, fault *local.Injection, kind string) <-chan outcome {
	ch := make(chan outcome, 1)
	before := fault.Count()
	go func() {
		text, err := thing.Output.Call(h.Context(), named("sayer"), kind)
		ch <- outcome{text, err}
	}()
	for kind != "read" && fault.Count() == before {
		runtime.Gosched()
	}
	return ch
}

func logged(t *testing.T) (*local.Host, *lockedBuffer) {
	log := &lockedBuffer{}
	o := options()
	o.Logger = log.logger()
	return local.StartTest(t, o), log
}

func silent(t *testing.T, h *local.Host, d time.Duration, ch <-chan outcome) {
	t.Helper()
	h.Clock.Advance(d)
	select {
	case o := <-ch:
		t.Errorf("answered before the write was confirmed: %+v", o)
	default:
	}
}

func slowConfirm(h *local.Host, f local.StorageFault) *local.Injection {
	f.Class, f.Object, f.On = "Thing", "sayer", local.OnConfirm
	if f.Delay == 0 {
		f.Delay = 10 * time.Second
	}
	return h.Inject(f)
}

func TestOutputsWaitForWhatWasWritten(t *testing.T) {
	outside := 0
	o := options()
	o.Network = answering(func(*http.Request) (*http.Response, error) {
		outside++
		return &http.Response{StatusCode: 204, Body: http.NoBody, Header: http.Header{}}, nil
	})
	h := local.StartTest(t, o)
	ctx := h.Context()
	none := durables.None{}
	must[int](t)(thing.Boots.Call(ctx, named("sayer"), none))
	must[int](t)(thing.Boots.Call(ctx, named("callee"), none))
	fault := slowConfirm(h, local.StorageFault{})
	said := func() bool {
		_, text := request(t, h, "GET", "/database?text=probe", nil)
		return strings.Contains(text, "said")
	}
	for _, kind := range []string{"return", "fetch", "call", "d1", "section"} {
		t.Run(kind, func(t *testing.T) {
			ch := saying(h, fault, kind)
			silent(t, h, 9*time.Second, ch)
			if outside > 0 && kind == "fetch" {
				t.Error("the request left before the write was confirmed")
			}
			if kind == "call" && must[int](t)(thing.Add.Call(ctx, named("callee"), 0)) != 0 {
				t.Error("the call left before the write was confirmed")
			}
			if kind == "d1" && said() {
				t.Error("D1 was written before the write was confirmed")
			}
			h.Clock.Advance(11 * time.Second)
			if got := <-ch; got.err != nil || got.text != kind {
				t.Errorf("%+v", got)
			}
		})
	}
	if !said() {
		t.Error("D1 was never written")
	}
	if outside != 1 {
		t.Errorf("%d requests", outside)
	}
}

func TestWhoWaitsForWhichWrite(t *testing.T) {
	h, log := logged(t)
	must[int](t)(thing.Boots.Call(h.Context(), named("sayer"), durables.None{}))
	fault := slowConfirm(h, local.StorageFault{})
	first := saying(h, fault, "return")
	silent(t, h, 4*time.Second, first)
	reader := saying(h, fault, "read") // came while the first was held
	log.waitFor(t, "the sayer reads")
	second := saying(h, fault, "return")
	silent(t, h, time.Second, reader)
	silent(t, h, time.Second, second)
	h.Clock.Advance(4 * time.Second)
	if o := <-first; o.err != nil {
		t.Error(o.err)
	}
	if o := <-reader; o.err != nil {
		t.Error(o.err)
	}
	silent(t, h, time.Second, second)
	h.Clock.Advance(4 * time.Second)
	if o := <-second; o.err != nil {
		t.Error(o.err)
	}
}

func TestUnconfirmedWritesHoldNothingBack(t *testing.T) {
	h := start(t)
	none := durables.None{}
	must[int](t)(thing.Boots.Call(h.Context(), named("sayer"), none))
	fault := slowConfirm(h, local.StorageFault{})
	if o := <-saying(h, fault, "quiet"); o.err != nil {
		t.Error(o.err)
	}
	synced := saying(h, fault, "quiet, then sync")
	silent(t, h, 9*time.Second, synced)
	h.Clock.Advance(2 * time.Second)
	if o := <-synced; o.err != nil {
		t.Error(o.err)
	}
	fault.Remove()
	failing := slowConfirm(h, local.StorageFault{Err: local.ErrDiskFull})
	if o := <-saying(h, failing, "quiet"); o.err != nil {
		t.Errorf("an unconfirmed write that fails later: %v", o.err)
	}
	failing.Remove()
	h.Clock.Advance(11 * time.Second)
	if n := must[int](t)(thing.Boots.Call(h.Context(), named("sayer"), none)); n != 2 {
		t.Errorf("constructed %d times: the failure did not reset the object", n)
	}
	commit := h.Inject(local.StorageFault{Class: "Thing", Object: "sayer", On: local.OnCommit})
	if text, err := thing.Output.Call(h.Context(), named("sayer"), "quiet"); err != nil {
		t.Errorf("an unconfirmed write that cannot be committed: %q, %v", text, err)
	}
	commit.Remove()
	if n := must[int](t)(thing.Boots.Call(h.Context(), named("sayer"), none)); n != 3 {
		t.Errorf("constructed %d times: the failed commit did not reset the object", n)
	}
}

func TestAFailedConfirmationDropsWhatWaits(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault local.StorageFault
		want  string
		after time.Duration
		over  bool
	}{
		{"a failure", local.StorageFault{Err: errors.New("replicas are gone")}, "replicas are gone", 10 * time.Second, false},
		{"thirty seconds", local.StorageFault{Delay: time.Minute}, "Durable Object storage operation exceeded timeout which caused object to be reset.", 30 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, log := logged(t)
			must[int](t)(thing.Boots.Call(h.Context(), named("sayer"), durables.None{}))
			fault := slowConfirm(h, c.fault)
			a := saying(h, fault, "return")
			b := saying(h, fault, "call")
			r := saying(h, fault, "read")
			log.waitFor(t, "the sayer reads")
			silent(t, h, c.after-time.Second, a)
			fault.Remove()
			h.Clock.Advance(2 * time.Second)
			for _, ch := range []<-chan outcome{a, b, r} {
				var e *durables.Error
				if o := <-ch; !errors.As(o.err, &e) || !strings.Contains(e.Message, c.want) || !e.DurableObjectReset || e.Overloaded != c.over {
					t.Errorf("got %+v, want %q", o.err, c.want)
				}
			}
			if n := must[int](t)(thing.Add.Call(h.Context(), named("callee"), 0)); n != 0 {
				t.Error("the call was made although the object failed")
			}
			if n := must[int](t)(thing.Boots.Call(h.Context(), named("sayer"), durables.None{})); n != 2 {
				t.Errorf("constructed %d times", n)
			}
		})
	}
}

func TestAlarmsThatFailForTheStorageAreRetriedForEver(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	none := durables.None{}
	must[durables.None](t)(thing.SetAlarm.Call(ctx, named("stubborn"), thing.AlarmPlan{At: h.Clock.Now().Add(time.Second), Fails: 2}))
	fault := h.Inject(local.StorageFault{Class: "Thing", Object: "stubborn", On: local.OnCommit})
	h.Clock.Advance(4 * time.Hour)
	if n := fault.Count(); n < 15 {
		t.Errorf("%d runs in four hours, want one every 17 to 21 minutes at least", n)
	}
	fault.Remove()
	h.Clock.Advance(time.Hour)
	runs := must[[]string](t)(thing.Alarms.Call(ctx, named("stubborn"), none))
	if len(runs) != 3 || !strings.Contains(runs[0], "retry 0 false") || !strings.Contains(runs[1], "retry 1 true") || !strings.Contains(runs[2], "retry 2 true") {
		t.Errorf("the runs that counted: %v", runs)
	}
}
