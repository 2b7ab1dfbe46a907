package stress

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// caller is one of the concurrent clients.
type caller struct {
	*client
	home   home
	ledger *ledger
	rand   *rand.Rand
	ctx    context.Context
}

// operation sends one kind of request and checks its answer.
type operation struct {
	name   string
	weight int
	run    func(*caller) error
}

// meeting needs both of its requests in one Go instance.
const meeting = "two requests that meet on a channel"

var operations = []operation{
	{"asynchronous key-value", 20, counting("kv", "kv")},
	{"synchronous key-value", 10, counting("sync", "sync")},
	{"SQL with values of every kind", 20, (*caller).sql},
	{"transactions, one rolled back", 6, counting("txn", "txn")},
	{"sleep, then write", 12, counting("sleep", "slept")},
	{"sleep, then read and write", 8, counting("sleepkv", "kv")},
	{"mutex of all objects held across I/O", 6, counting("locked", "locked")},
	{"the same mutex held by the worker", 3, (*caller).workerLocked},
	{"object to object", 8, (*caller).relay},
	{"A to B to A", 6, (*caller).bounce},
	{"many goroutines in one request", 3, (*caller).fan},
	{meeting, 3, (*caller).meet},
	{"bodies streamed through an object", 4, (*caller).echo},
	{"panic in an object", 3, (*caller).fail},
	{"panic in the worker", 1, (*caller).workerPanic},
}

// pick chooses an operation by weight.
func (c *caller) pick() operation {
	sum := 0
	for _, op := range operations {
		sum += op.weight
	}
	n := c.rand.IntN(sum)
	for _, op := range operations {
		if n -= op.weight; n < 0 {
			if op.name == meeting && c.home.spread {
				return c.pick()
			}
			return op
		}
	}
	panic("unreachable")
}

// object picks any object, and often one of a few, where operations meet.
func (c *caller) object() string {
	if c.rand.IntN(4) == 0 {
		return c.home.object(c.rand.IntN(min(hotObjects, c.home.objects)))
	}
	return c.home.object(c.rand.IntN(c.home.objects))
}

// counting is an operation that counts one counter up, after at most 20 ms of sleep where it sleeps.
func counting(op, counter string) func(*caller) error {
	return func(c *caller) error {
		object, ms := c.object(), c.rand.IntN(20)
		if op == "locked" {
			ms %= 3
		}
		var n int64
		if err := c.ask(c.ctx, "/cell/"+object+"/"+op, url.Values{"ms": {fmt.Sprint(ms)}}, nil, &n); err != nil {
			return err
		}
		c.ledger.add(object, counter, n)
		return nil
	}
}

type note struct {
	Text  string    `json:"text"`
	Bytes []byte    `json:"bytes"`
	At    time.Time `json:"at"`
}

func (c *caller) sql() error {
	object := c.object()
	sent := note{fmt.Sprintf("grüße %d\x00%s", c.rand.Int(), strings.Repeat("x", c.rand.IntN(2000))), make([]byte, 1+c.rand.IntN(500)),
		time.UnixMilli(c.rand.Int64N(1 << 41)).UTC()}
	for i := range sent.Bytes {
		sent.Bytes[i] = byte(c.rand.Int())
	}
	body, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	var got struct {
		note
		Count int64
	}
	if err := c.ask(c.ctx, "/cell/"+object+"/sql", nil, body, &got); err != nil {
		return err
	}
	if got.Text != sent.Text || !bytes.Equal(got.Bytes, sent.Bytes) || !got.At.Equal(sent.At) {
		return fmt.Errorf("%s: the row %.60q, %d bytes, %v came back as %.60q, %d bytes, %v", object,
			sent.Text, len(sent.Bytes), sent.At, got.Text, len(got.Bytes), got.At)
	}
	c.ledger.add(object, "sql", got.Count)
	return nil
}

func (c *caller) workerLocked() error {
	object := c.object()
	var n int64
	if err := c.ask(c.ctx, "/worker/locked/"+object, nil, nil, &n); err != nil {
		return err
	}
	c.ledger.add(object, "kv", n)
	return nil
}

func (c *caller) relay() error {
	from, to := c.object(), c.object()
	var n int64
	if err := c.ask(c.ctx, "/cell/"+from+"/relay", url.Values{"to": {to}}, nil, &n); err != nil {
		return err
	}
	c.ledger.add(to, "kv", n)
	return nil
}

func (c *caller) bounce() error {
	from, via := c.object(), c.object()
	var n int64
	if err := c.ask(c.ctx, "/cell/"+from+"/bounce", url.Values{"to": {via}}, nil, &n); err != nil {
		return err
	}
	c.ledger.add(from, "sync", n)
	return nil
}

func (c *caller) fan() error {
	var names []string
	for range 8 {
		names = append(names, c.object())
	}
	var counts []int64
	if err := c.ask(c.ctx, "/worker/fan", url.Values{"name": names}, nil, &counts); err != nil {
		return err
	}
	if len(counts) != len(names) {
		return fmt.Errorf("fan: %d answers for %d objects", len(counts), len(names))
	}
	for i, name := range names {
		c.ledger.add(name, "kv", counts[i])
	}
	return nil
}

// meet sends two requests that wait for each other.
func (c *caller) meet() error {
	path := fmt.Sprintf("/worker/meet/%d", c.rand.Int64())
	names := []string{c.object(), c.object()}
	errs := make(chan error, 2)
	side := func(mine, theirs string) error {
		var got struct {
			Other string
			Count int64
		}
		if err := c.ask(c.ctx, path, url.Values{"name": {mine}}, nil, &got); err != nil {
			return err
		}
		if got.Other != theirs {
			return fmt.Errorf("meet: %s met %s instead of %s", mine, got.Other, theirs)
		}
		c.ledger.add(mine, "kv", got.Count)
		return nil
	}
	go func() { errs <- side(names[0], names[1]) }()
	go func() { errs <- side(names[1], names[0]) }()
	first := <-errs
	if second := <-errs; first == nil {
		first = second
	}
	return first
}

// echo sends a body of up to 200 KB, beyond what travels inline.
func (c *caller) echo() error {
	body := make([]byte, c.rand.IntN(200_000))
	for i := range body {
		body[i] = byte(i * 7)
	}
	status, got, err := c.post(c.ctx, "/cell/"+c.object()+"/echo", nil, body, "x-echo", "yes")
	if err != nil {
		return err
	}
	if status != http.StatusOK || !bytes.Equal(got, body) {
		return fmt.Errorf("echo: sent %d bytes, got status %d and %d bytes: %.100q", len(body), status, len(got), got)
	}
	return nil
}

func (c *caller) fail() error {
	object, query := c.object(), url.Values{}
	if c.rand.IntN(2) == 0 {
		query.Set("locked", "")
	}
	status, got, err := c.post(c.ctx, "/cell/"+object+"/fail", query, nil)
	if err != nil {
		return err
	}
	var fault struct{ Message string }
	var n int64
	_, after, found := strings.Cut(string(got), "deliberate panic ")
	if json.Unmarshal(got, &fault) != nil || !found || status != http.StatusInternalServerError {
		return fmt.Errorf("fail: status %d: %.200s", status, got)
	}
	if _, err := fmt.Sscan(strings.TrimRight(after, "\"}\n,abcdefghijklmnopqrstuvwxyz: "), &n); err != nil {
		return fmt.Errorf("fail: %q: %w", got, err)
	}
	c.ledger.add(object, "failed", n)
	return nil
}

func (c *caller) workerPanic() error {
	status, got, err := c.post(c.ctx, "/worker/panic", nil, nil)
	if err != nil {
		return err
	}
	if status != http.StatusInternalServerError {
		return fmt.Errorf("panic in the worker: status %d: %.200s", status, got)
	}
	return nil
}
