package kv_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"grove.place/lattice/workers/kv"
)

var sessions = kv.Namespace("SESSIONS")

// Session is stored as JSON.
type Session struct {
	User string `json:"user"`
}

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

func ExampleNamespaceBinding_Put() {
	signIn := func(ctx context.Context, token, user string) error {
		return sessions.Put(ctx, token, Session{user}, &kv.PutOptions{ExpirationTTL: time.Hour, Metadata: map[string]string{"by": "password"}})
	}
	_ = signIn
}

func ExampleNamespaceBinding_All() {
	count := func(ctx context.Context) (n int, err error) {
		for _, err := range sessions.All(ctx, "user:") {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	_ = count
}
