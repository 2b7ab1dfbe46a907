// Package node is a Durable Object class whose objects do a bit of everything that can come in another order.
package node

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"grove.place/lattice/durables"
)

// Class is bound as NODES.
var (
	Class = durables.Class("Node", New)
	Nodes = Class.Namespace("NODES")
	Parts = Class.Facets()

	Add       = durables.Method(Class, "add", (*Node).add)
	Lose      = durables.Method(Class, "lose", (*Node).lose)
	Nap       = durables.Method(Class, "nap", (*Node).nap)
	Guard     = durables.Method(Class, "guard", (*Node).guard)
	Dice      = durables.Method(Class, "dice", (*Node).dice)
	Arm       = durables.Method(Class, "arm", (*Node).arm)
	Both      = durables.Method(Class, "both", (*Node).both)
	Log       = durables.Method(Class, "log", (*Node).log)
	Exit      = durables.Method(Class, "exit", (*Node).exit)
	Never     = durables.Method(Class, "never", (*Node).never)
	SQLRandom = durables.Method(Class, "sqlRandom", (*Node).sqlRandom)
	Stray     = durables.Method(Class, "stray", (*Node).stray)
	Hog       = durables.Method(Class, "hog", (*Node).hog)
	Spin      = durables.Method(Class, "spin", (*Node).spin)
	Churn     = durables.Method(Class, "churn", (*Node).churn)
	Print     = durables.Method(Class, "print", (*Node).print)
	Inner     = durables.Method(Class, "inner", (*Node).inner)
	Forget    = durables.Method(Class, "forget", (*Node).forget)
	Embrace   = durables.Method(Class, "embrace", (*Node).embrace)
)

// Node is one object.
type Node struct {
	state *durables.State
	lines []string
}

// New writes in the constructor.
func New(ctx context.Context, state *durables.State) (*Node, error) {
	n := &Node{state: state}
	_, err := state.Storage().SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS steps (n INTEGER PRIMARY KEY, what TEXT)")
	return n, err
}

func (n *Node) note(what string) { n.lines = append(n.lines, what) }

func (n *Node) add(ctx context.Context, by int) (int, error) {
	var total int
	if _, err := n.state.Storage().Get(ctx, "total", &total); err != nil {
		return 0, err
	}
	n.note(fmt.Sprint("add ", by))
	total += by
	return total, n.state.Storage().Put(ctx, "total", total)
}

// lose reads, waits for another object, and writes what it read: another event that comes in between is lost.
func (n *Node) lose(ctx context.Context, other string) (int, error) {
	var total int
	if _, err := n.state.Storage().Get(ctx, "total", &total); err != nil {
		return 0, err
	}
	if err := Class.Namespace("NODES").GetByName(other).Call(ctx, "add", nil, 0); err != nil {
		return 0, err
	}
	total++
	return total, n.state.Storage().Put(ctx, "total", total)
}

func (n *Node) nap(ctx context.Context, ms int) (int, error) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return n.add(ctx, 1)
}

func (n *Node) guard(ctx context.Context, ms int) (int, error) {
	var total int
	err := n.state.BlockConcurrencyWhile(ctx, func(ctx context.Context) (err error) {
		n.note("in")
		time.Sleep(time.Duration(ms) * time.Millisecond)
		total, err = n.add(ctx, 1)
		n.note("out")
		return err
	})
	return total, err
}

// dice depends on everything random that a Go program has.
func (n *Node) dice(ctx context.Context, sides int) (string, error) {
	var out []string
	order := map[int]bool{}
	for i := range 10 {
		order[i] = true
	}
	for i := range order {
		out = append(out, fmt.Sprint(i))
	}
	a, b := make(chan int, 8), make(chan int, 8)
	for i := range 8 {
		a <- i
		b <- -i
	}
	for range 8 {
		select {
		case v := <-a:
			out = append(out, fmt.Sprint(v))
		case v := <-b:
			out = append(out, fmt.Sprint(v))
		}
	}
	out = append(out, fmt.Sprint(rand.IntN(sides)), crand.Text(), fmt.Sprint(time.Now().UnixNano()))
	id, err := Class.Namespace("NODES").NewUniqueID(ctx)
	if err != nil {
		return "", err
	}
	out = append(out, id.String())
	n.note("dice")
	return strings.Join(out, " "), n.state.Storage().Put(ctx, "dice", out)
}

func (n *Node) arm(ctx context.Context, ms int) (durables.None, error) {
	return durables.None{}, n.state.Storage().SetAlarm(ctx, time.Now().Add(time.Duration(ms)*time.Millisecond))
}

// Alarm fails now and then.
func (n *Node) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	n.note(fmt.Sprint("alarm ", info.RetryCount))
	if _, err := n.add(ctx, 100); err != nil {
		return err
	}
	if rand.IntN(3) == 0 {
		return errors.New("the dice say no")
	}
	return nil
}

// both calls two objects at the same time, and says which answered first.
func (n *Node) both(ctx context.Context, names []string) (string, error) {
	answers := make(chan string)
	for _, name := range names {
		go func() {
			err := Class.Namespace("NODES").GetByName(name).Call(ctx, "add", nil, 1)
			if err != nil {
				name = err.Error()
			}
			answers <- name
		}()
	}
	var order []string
	for range names {
		order = append(order, <-answers)
	}
	n.note("both " + strings.Join(order, " "))
	return strings.Join(order, " "), nil
}

func (n *Node) log(context.Context, durables.None) ([]string, error) {
	return append([]string{}, n.lines...), nil
}

func (n *Node) exit(context.Context, durables.None) (durables.None, error) {
	os.Exit(3)
	return durables.None{}, nil
}

// never waits for something that nobody does.
func (n *Node) never(context.Context, durables.None) (durables.None, error) {
	select {}
}

// embrace waits for another object, which waits for this one, without a time limit.
func (n *Node) embrace(ctx context.Context, names []string) (durables.None, error) {
	if len(names) == 0 {
		<-ctx.Done()
		return durables.None{}, ctx.Err()
	}
	return durables.None{}, Class.Namespace("NODES").GetByName(names[0]).Call(ctx, "embrace", nil, names[1:])
}

// stray panics in a goroutine of its own, where nobody recovers.
func (n *Node) stray(ctx context.Context, message string) (durables.None, error) {
	go func() { panic(message) }()
	<-ctx.Done()
	return durables.None{}, ctx.Err()
}

// hog takes memory until there is none.
func (n *Node) hog(context.Context, durables.None) (durables.None, error) {
	var all [][]byte
	for {
		b := make([]byte, 8<<20)
		for i := range b {
			b[i] = byte(i)
		}
		all = append(all, b)
		n.lines = append(n.lines, fmt.Sprint(len(all)))
	}
}

// print logs, with the object's id and without.
func (n *Node) print(ctx context.Context, _ durables.None) (durables.None, error) {
	slog.InfoContext(ctx, "named", "do", "Node", "id", n.state.ID().String())
	slog.InfoContext(ctx, "plain")
	return durables.None{}, nil
}

// sqlRandom returns what SQL calls random and now.
func (n *Node) sqlRandom(ctx context.Context, _ durables.None) (string, error) {
	type row struct {
		R int64
		B string
		T string
		U int64
	}
	r, err := durables.One[row](ctx, n.state.Storage().SQL(), "SELECT abs(random()) % 1000000007 AS r, hex(randomblob(8)) AS b, datetime('now') AS t, unixepoch() AS u")
	return fmt.Sprint(r.R, " ", r.B, " ", r.T, " ", r.U), err
}

// spin never comes back.
func (n *Node) spin(context.Context, durables.None) (durables.None, error) {
	for i := 0; ; i++ {
		spun = i
	}
}

var spun int

// churn makes garbage, that many megabytes of it.
func (n *Node) churn(_ context.Context, megabytes int) (durables.None, error) {
	for range megabytes {
		garbage = make([]byte, 1<<20)
	}
	return durables.None{}, nil
}

var garbage []byte

// Within is a call on a facet.
type Within struct {
	Facet  string `json:"facet"`
	Method string `json:"method"`
	N      int    `json:"n"`
}

// inner calls a method with a number on a facet.
func (n *Node) inner(ctx context.Context, w Within) (total int, err error) {
	err = Parts.Get(w.Facet).Call(ctx, w.Method, &total, w.N)
	return total, err
}

// forget deletes everything the object and its facets store.
func (n *Node) forget(ctx context.Context, _ durables.None) (durables.None, error) {
	return durables.None{}, n.state.Storage().DeleteAll(ctx)
}
