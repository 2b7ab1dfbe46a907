package local_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/r2"
)

var (
	mail    = queues.Producer("MAIL")
	later   = queues.Producer("LATER")
	cabinet = r2.Bucket("FILES")
)

func desk() local.TestOptions {
	return local.TestOptions{Package: "./testdata/desk", Options: local.Options{
		Queues: map[string]string{"MAIL": "mail", "LATER": "mail"}, QueueDelays: map[string]time.Duration{"LATER": 30 * time.Second},
		Consumers: map[string]local.Consumer{
			"mail": {MaxRetries: 1, RetryDelay: 10 * time.Second, DeadLetterQueue: "dead"}, "dead": {},
		},
		Buckets: map[string]string{"FILES": "files"}, Logger: quiet(),
	}}
}

// filed is what the consumer has stored, with the times.
func filed(t *testing.T, host *local.Host) string {
	t.Helper()
	l, err := cabinet.List(host.Context(), r2.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, o := range l.Objects {
		got, err := cabinet.Get(host.Context(), o.Key, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		at, err := time.Parse(time.TimeOnly, string(text))
		if err != nil {
			t.Fatal(err)
		}
		start, _ := time.Parse(time.TimeOnly, "00:00:00")
		list = append(list, fmt.Sprint(o.Key, " after ", at.Sub(start)))
	}
	return strings.Join(list, ", ")
}

func send(t *testing.T, host *local.Host, q queues.Queue, text string) {
	t.Helper()
	if err := q.Send(host.Context(), text); err != nil {
		t.Fatal(err)
	}
}

func TestQueuesFollowTheClock(t *testing.T) {
	o := desk()
	o.Clock = local.NewVirtualClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	host := local.StartTest(t, o)
	send(t, host, mail, "a")
	send(t, host, later, "b")
	if err := later.SendBatch(host.Context(), queues.Message{Body: "c", Delay: 2 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	send(t, host, mail, "bad")
	host.Clock.Advance(5 * time.Minute)
	// A batch waits 5 s. The one with bad fails twice, 10 s and 5 s later once more.
	got := filed(t, host)
	for _, want := range []string{"mail/b 1 after 35s", "mail/c 1 after 2m5s", "dead/bad 1 after 25s"} {
		if !strings.Contains(got, want) {
			t.Errorf("filed %q, want %q", got, want)
		}
	}
}

func TestMessagesThatFailTooOftenAreDroppedWithoutADeadLetterQueue(t *testing.T) {
	var log bytes.Buffer
	o := desk()
	o.Consumers = map[string]local.Consumer{"mail": {MaxRetries: 2, RetryDelay: time.Minute}}
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	host := local.StartTest(t, o)
	send(t, host, mail, "bad")
	host.Clock.Advance(time.Hour)
	if failed := strings.Count(log.String(), "the consumer of a queue failed"); failed != 3 {
		t.Errorf("delivered %d times, want 3", failed)
	}
	if dropped := "are dropped, for the queue has no dead_letter_queue\" queue=mail messages=1 attempts=3"; strings.Count(log.String(), dropped) != 1 {
		t.Errorf("no line %q in\n%s", dropped, &log)
	}
	if got := filed(t, host); got != "" {
		t.Errorf("filed %q", got)
	}
	send(t, host, mail, "good")
	host.Clock.Advance(time.Minute)
	if got := filed(t, host); !strings.HasPrefix(got, "mail/good 1 ") {
		t.Errorf("filed %q after the loss", got)
	}
}

func TestAMessageSurvivesTheEndOfItsHost(t *testing.T) {
	host := local.StartTest(t, desk())
	send(t, host, mail, "sleep")
	for range 4 { // more often than it may fail
		host.Clock.Advance(6 * time.Second) // it is with the consumer, which sleeps
		if err := host.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	host.Clock.Advance(6 * time.Second)
	host.Clock.Advance(2 * time.Minute)
	if got := filed(t, host); !strings.HasPrefix(got, "mail/sleep 1 ") {
		t.Errorf("filed %q", got)
	}
}

func TestSeededQueuesAndBucketsAreTheSameAgain(t *testing.T) {
	run := func(seed uint64) (string, string) {
		var trace bytes.Buffer
		o := desk()
		o.Seed, o.Trace = seed, &trace
		host := local.StartTest(t, o)
		for _, text := range []string{"a", "b", "bad", "c"} {
			send(t, host, mail, text)
		}
		send(t, host, later, "d")
		host.Clock.Advance(2 * time.Minute)
		w := httptest.NewRecorder()
		large := strings.Repeat("x", 3<<20) // a stream
		host.ServeHTTP(w, httptest.NewRequest("PUT", "/large", strings.NewReader(large)))
		if w.Body.String() != large {
			t.Errorf("of %d bytes came back %d: %.80q", len(large), w.Body.Len(), w.Body)
		}
		l, err := cabinet.List(host.Context(), r2.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		u, err := cabinet.CreateMultipartUpload(host.Context(), "parts", nil)
		if err != nil {
			t.Fatal(err)
		}
		seen := u.UploadID
		for _, stored := range l.Objects {
			seen += fmt.Sprintln(stored.Key, stored.Version, stored.Uploaded)
		}
		return trace.String(), seen
	}
	trace, seen := run(7)
	trace2, seen2 := run(7)
	if trace != trace2 || seen != seen2 {
		t.Errorf("one seed, two runs:\n%s\n%s", seen, seen2)
	}
	if _, other := run(8); other == seen {
		t.Error("another seed gives the same versions and ids")
	}
}

func TestSeededHostsOneAfterTheOtherNameMessagesAnew(t *testing.T) {
	o := desk()
	o.Seed, o.Dir = 7, t.TempDir()
	var err error
	if o.Module, err = local.BuildTest(o.Package); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		h, err := local.New(t.Context(), o.Options)
		if err == nil {
			err = later.SendBatch(h.Context(), queues.Message{Body: fmt.Sprint("note ", i)}) // waits half a minute, so that it is there when the next comes
		}
		if err = errors.Join(err, h.Close()); err != nil {
			t.Fatalf("host %d: %v", i, err)
		}
	}
}
