//go:build !js

package durables_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/testdata/tasks/guestbook"
	"grove.place/lattice/local-runtime"
)

// handler returns a context such as a handler of a Worker gets, and the clock of the host in which the guestbooks live.
func handler() (ctx context.Context, clock *local.VirtualClock, end func()) {
	module, err := local.BuildTest("./testdata/tasks")
	if err != nil {
		panic(err)
	}
	clock = local.NewVirtualClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	host, err := local.New(context.Background(), local.Options{
		Module: module, CacheDir: local.TestCacheDir(), Objects: map[string]string{"BOOKS": "Guestbook", "DIARIES": "Diary"},
		Clock: clock, Isolates: 1, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	return host.Context(), clock, func() { _ = host.Close() }
}

// A typed call. What the object refuses comes as an error with a name.
func ExampleMethodOf_Call() {
	ctx, _, end := handler() // in a handler: r.Context()
	defer end()

	book := guestbook.Books.GetByName("garden")
	n, err := guestbook.Sign.Call(ctx, book, guestbook.Entry{Author: "Ada", Text: "what roses!"})
	fmt.Println(n, err)

	_, err = guestbook.Sign.Call(ctx, book, guestbook.Entry{Author: "Bob"})
	var failed *durables.Error
	if errors.As(err, &failed) && failed.Name == "TypeError" {
		fmt.Println("refused:", failed.Message)
	}

	entries, err := guestbook.Read.Call(ctx, book, durables.None{})
	fmt.Println(entries, err)
	// Output:
	// 1 <nil>
	// refused: an entry needs a text
	// [{Ada what roses!}] <nil>
}

// Two calls at once, in two objects.
func ExampleMethodOf_Start() {
	ctx, _, end := handler()
	defer end()

	e := guestbook.Entry{Author: "Ada", Text: "hello"}
	garden := guestbook.Sign.Start(ctx, guestbook.Books.GetByName("garden"), e)
	library := guestbook.Sign.Start(ctx, guestbook.Books.GetByName("library"), e)
	a, err := garden.Await(ctx)
	b, failed := library.Await(ctx)
	fmt.Println(a+b, errors.Join(err, failed))
	// Output: 2 <nil>
}

// A name is an object of its own, wherever it is asked for.
func ExampleNamespace_GetByName() {
	ctx, _, end := handler()
	defer end()

	for _, name := range []string{"garden", "library", "garden"} {
		n, err := guestbook.Sign.Call(ctx, guestbook.Books.GetByName(name), guestbook.Entry{Text: "hello"})
		fmt.Println(name, n, err)
	}
	// Output:
	// garden 1 <nil>
	// library 1 <nil>
	// garden 2 <nil>
}

// An object without a name is found again by its id: keep the text of it.
func ExampleNamespace_NewUniqueID() {
	ctx, _, end := handler()
	defer end()

	id, err := guestbook.Books.NewUniqueID(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = guestbook.Sign.Call(ctx, guestbook.Books.Get(id), guestbook.Entry{Text: "hello"})

	kept := id.String()
	same, err := guestbook.Books.IDFromString(ctx, kept)
	fmt.Println(len(kept), same.Equal(id), err)
	n, err := guestbook.Sign.Call(ctx, guestbook.Books.Get(same), guestbook.Entry{Text: "again"})
	fmt.Println(n, err)
	// Output:
	// 64 true <nil>
	// 2 <nil>
}

// HTTP to an object, whose type is an http.Handler.
func ExampleStub_Fetch() {
	ctx, _, end := handler()
	defer end()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://books.example/garden", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := guestbook.Books.GetByName("garden").Fetch(ctx, req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(text), err)
	// Output: 200 /garden: 0 entries <nil>
}

// A call by name, of a class whose package is not imported, or is not in Go.
func ExampleStub_Call() {
	ctx, _, end := handler()
	defer end()

	var n int
	err := guestbook.Books.GetByName("garden").Call(ctx, "sign", &n, map[string]string{"author": "Ada", "text": "hello"})
	fmt.Println(n, err)
	// Output: 1 <nil>
}

// The guestbook sets its alarm for a day after the first entry.
func ExampleAlarmer() {
	ctx, clock, end := handler()
	defer end()

	book := guestbook.Books.GetByName("garden")
	_, _ = guestbook.Sign.Call(ctx, book, guestbook.Entry{Author: "Ada", Text: "what roses!"})
	clock.Advance(25 * time.Hour) // in a test: the alarm has run when this returns
	entries, err := guestbook.Read.Call(ctx, book, durables.None{})
	fmt.Println(len(entries), entries[1].Text, err)
	// Output: 2 the book is closed <nil>
}
