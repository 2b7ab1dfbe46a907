package rpc_test

import (
	"context"
	"fmt"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/rpc"
)

// Cursor is passed by reference: its caller asks it for page after page.
type Cursor struct{ pages []string }

var (
	cursors = rpc.Target[Cursor]("Cursor")
	next    = rpc.Method(cursors, "next", (*Cursor).next)

	books = durables.Class("Books", func(context.Context, *durables.State) (*Books, error) { return &Books{}, nil })
	read  = durables.Method(books, "read", (*Books).read)
	watch = durables.Method(books, "watch", (*Books).watch)
	shelf = books.Namespace("BOOKS")
)

func (c *Cursor) next(context.Context, rpc.None) (page string, err error) {
	if len(c.pages) > 0 {
		page, c.pages = c.pages[0], c.pages[1:]
	}
	return page, nil
}

// Dispose is called when the last stub is gone.
func (c *Cursor) Dispose() { c.pages = nil }

type Books struct{}

func (b *Books) read(ctx context.Context, title string) (rpc.Stub[Cursor], error) {
	return cursors.New(ctx, &Cursor{[]string{title, "the end"}}), nil
}

func (b *Books) watch(ctx context.Context, heard rpc.Function[string, rpc.None]) (rpc.None, error) {
	return heard.Call(ctx, "somebody reads")
}

// What cannot be copied is passed by reference. A target declares its methods as a class does.
func ExampleTarget() {
	type clock struct{ ticks int }
	clocks := rpc.Target[clock]("Clock")
	tick := rpc.Method(clocks, "tick", func(c *clock, ctx context.Context, _ rpc.None) (int, error) {
		c.ticks++
		return c.ticks, nil
	})
	give := func(ctx context.Context) (rpc.Stub[clock], error) { // a method of an object or entrypoint
		return clocks.New(ctx, &clock{}), nil
	}
	use := func(ctx context.Context, c rpc.Stub[clock]) error { // whoever has called it
		defer c.Dispose(ctx)
		n, err := tick.Call(ctx, c, rpc.None{})
		fmt.Println(n)
		return err
	}
	_, _ = give, use
}

// What has no order in Go keeps that of JavaScript.
func ExampleMap() {
	m := rpc.Map[string, int]{{Key: "one", Value: 1}, {Key: "two", Value: 2}}
	for _, entry := range m {
		fmt.Println(entry.Key, entry.Value)
	}
	// Output:
	// one 1
	// two 2
}

// The second call goes out before the first has answered: one round trip for both.
func ExamplePipeline() {
	first := func(ctx context.Context) (string, error) {
		cursor := read.Start(ctx, shelf.GetByName("library"), "Emma")
		return next.Call(ctx, rpc.Pipeline(ctx, cursor), rpc.None{})
	}
	_ = first
}

func ExampleNewFunction() {
	listen := func(ctx context.Context) error {
		heard := rpc.NewFunction(ctx, func(_ context.Context, text string) (rpc.None, error) {
			fmt.Println(text) // runs here, when the object calls
			return rpc.None{}, nil
		})
		_, err := watch.Call(ctx, shelf.GetByName("library"), heard)
		return err
	}
	_ = listen
}

// A Worker in JavaScript, or one whose package is not imported, is described by its methods' names.
func ExampleRemote() {
	type user struct {
		Name string `json:"name"`
	}
	verify := rpc.Remote[string, user]("verify")
	who := func(ctx context.Context, token string) (user, error) {
		return verify.Call(ctx, rpc.Service("AUTH"), token)
	}
	_ = who
}
