package kv_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/workers/kv"
)

var sessions = kv.Namespace("SESSIONS")

// Session is stored as JSON.
type Session struct {
	User string `json:"user"`
}

// In a handler: what is not there is no error.
func ExampleNamespaceBinding_Get() {
	http.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		var s Session
		found, err := sessions.Get(r.Context(), r.Header.Get("X-Token"), &s, nil)
		switch {
		case err != nil:
			http.Error(w, "try again", http.StatusServiceUnavailable)
		case !found:
			http.Error(w, "sign in", http.StatusUnauthorized)
		default:
			fmt.Fprintf(w, "you are %s", s.User)
		}
	})
}

// A value goes when its time is over.
func ExampleNamespaceBinding_Put() {
	ctx, clock, end := handler() // in a handler: r.Context()
	defer end()

	err := sessions.Put(ctx, "token", Session{"ada"}, &kv.PutOptions{ExpirationTTL: time.Hour})
	fmt.Println("stored:", err == nil)

	var s Session
	found, _ := sessions.Get(ctx, "token", &s, nil)
	fmt.Println(found, s.User)

	clock.Advance(2 * time.Hour)
	found, _ = sessions.Get(ctx, "token", &s, nil)
	fmt.Println(found)
	// Output:
	// stored: true
	// true ada
	// false
}

// Text, bytes and streams are stored as they are.
func ExampleNamespaceBinding_Put_stream() {
	ctx, _, end := handler()
	defer end()

	if err := sessions.Put(ctx, "page", strings.NewReader("<h1>hello</h1>"), nil); err != nil {
		fmt.Println(err)
		return
	}
	var page io.ReadCloser
	if _, err := sessions.Get(ctx, "page", &page, nil); err != nil {
		fmt.Println(err)
		return
	}
	defer page.Close()
	text, err := io.ReadAll(page)
	fmt.Println(string(text), err)
	// Output: <h1>hello</h1> <nil>
}

// Metadata is read without the value, also in lists.
func ExampleNamespaceBinding_GetWithMetadata() {
	ctx, _, end := handler()
	defer end()

	_ = sessions.Put(ctx, "user:1", "ada", &kv.PutOptions{Metadata: map[string]int{"visits": 3}})

	var name string
	var seen struct {
		Visits int `json:"visits"`
	}
	found, err := sessions.GetWithMetadata(ctx, "user:1", &name, &seen, nil)
	fmt.Println(found, name, seen.Visits, err)
	// Output: true ada 3 <nil>
}

func ExampleNamespaceBinding_GetMany() {
	ctx, _, end := handler()
	defer end()

	_ = sessions.Put(ctx, "a", Session{"ada"}, nil)
	_ = sessions.Put(ctx, "b", Session{"bob"}, nil)

	found, err := sessions.GetMany(ctx, []string{"a", "b", "c"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var s Session
	err = found["b"].Decode(&s)
	fmt.Println(len(found), s.User, err)
	// Output: 2 bob <nil>
}

// Page by page, in a server that hands the cursor to its clients.
func ExampleNamespaceBinding_List() {
	ctx, _, end := handler()
	defer end()

	for _, key := range []string{"user:1", "user:2", "user:3", "post:1"} {
		_ = sessions.Put(ctx, key, "", nil)
	}
	options := kv.ListOptions{Prefix: "user:", Limit: 2}
	for {
		page, err := sessions.List(ctx, options)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, key := range page.Keys {
			fmt.Println(key.Name)
		}
		if page.Complete {
			return
		}
		options.Cursor = page.Cursor
	}
	// Output:
	// user:1
	// user:2
	// user:3
}

func ExampleNamespaceBinding_All() {
	ctx, _, end := handler()
	defer end()

	_ = sessions.Put(ctx, "user:1", "ada", nil)
	_ = sessions.Put(ctx, "user:2", "bob", nil)

	for key, err := range sessions.All(ctx, "user:") {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(key.Name, sessions.Delete(ctx, key.Name))
	}
	// Output:
	// user:1 <nil>
	// user:2 <nil>
}
