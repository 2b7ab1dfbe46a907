// Command app is a Worker that calls the Worker auth, its objects and the queue that it consumes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"grove.place/lattice/durables"
	"grove.place/lattice/tests/session/vault"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/rpc"
	"grove.place/lattice/workers/websocket"
)

var (
	auth = workers.Service("AUTH")
	mail = queues.Producer("MAIL")
	lost = vault.Class.Namespace("LOST") // of a Worker that is not there
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/auth/{path...}", func(w http.ResponseWriter, r *http.Request) { forward(w, r, auth.Do) })
	mux.HandleFunc("/gone/{path...}", func(w http.ResponseWriter, r *http.Request) { forward(w, r, workers.Service("GONE").Do) })
	mux.HandleFunc("/vault/{name}/{path...}", func(w http.ResponseWriter, r *http.Request) {
		stub := vault.Vaults.GetByName(r.PathValue("name"))
		forward(w, r, func(q *http.Request) (*http.Response, error) { return stub.Fetch(q.Context(), q) })
	})
	mux.HandleFunc("/deep", deep)
	mux.HandleFunc("/send", func(w http.ResponseWriter, r *http.Request) {
		answer(w, "sent", mail.Send(r.Context(), r.FormValue("text")))
	})
	mux.HandleFunc("/call/{name}/{what}", func(w http.ResponseWriter, r *http.Request) {
		v, err := call(r.Context(), r.PathValue("what"), vault.Vaults.GetByName(r.PathValue("name")), r.FormValue("arg"))
		answer(w, v, err)
	})
	mux.HandleFunc("/lost", func(w http.ResponseWriter, r *http.Request) {
		n, err := vault.Add.Call(r.Context(), lost.GetByName("x"), 1)
		answer(w, n, err)
	})
	mux.HandleFunc("/admin/{path...}", func(w http.ResponseWriter, r *http.Request) { forward(w, r, admin.Do) })
	mux.HandleFunc("/method/{what}", func(w http.ResponseWriter, r *http.Request) {
		v, err := method(r.Context(), r.PathValue("what"), r.FormValue("arg"))
		answer(w, v, err)
	})
	mux.HandleFunc("/rpc/{binding}/{method}", func(w http.ResponseWriter, r *http.Request) {
		var v any
		err := rpc.Service(r.PathValue("binding")).Call(r.Context(), r.PathValue("method"), &v, 1)
		answer(w, v, err)
	})
	mux.HandleFunc("/keys/{what}", callKeys)
	mux.HandleFunc("/ring/{path...}", func(w http.ResponseWriter, r *http.Request) { forward(w, r, ring.Do) })
	workers.Run(workers.Worker{Fetch: mux})
}

// call calls a method of a vault.
func call(ctx context.Context, what string, v *durables.Stub[vault.Vault], arg string) (any, error) {
	n, _ := strconv.Atoi(arg)
	switch what {
	case "add":
		return vault.Add.Call(ctx, v, n)
	case "note":
		return vault.Note.Call(ctx, v, arg)
	case "notes":
		return vault.Notes.Call(ctx, v, durables.None{})
	case "later":
		return vault.Later.Call(ctx, v, durables.None{})
	case "break":
		return vault.Break.Call(ctx, v, arg)
	case "id":
		id, err := vault.Vaults.IDFromName(ctx, arg)
		return id.String(), err
	case "each":
		last, err := vault.Each.Call(ctx, v, vault.EachParams{Times: n, Do: rpc.NewFunction(ctx, func(_ context.Context, i int) (string, error) {
			return fmt.Sprintf("[app %d]", i), nil
		})})
		if err != nil {
			return nil, err
		}
		return last.Call(ctx, "[end]")
	case "open":
		c, err := vault.Open.Call(ctx, v, n)
		if err != nil {
			return nil, err
		}
		if _, err := vault.Step.Call(ctx, c, rpc.None{}); err != nil {
			return nil, err
		}
		return vault.Step.Call(ctx, c, rpc.None{})
	}
	return nil, fmt.Errorf("no call %q", what)
}

// answer writes a value, or an error with what it says of where it comes from.
func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		var e *workers.Error
		errors.As(err, &e)
		fmt.Fprintf(w, "%v (remote %v)", err, e != nil && e.Remote)
		return
	}
	json.NewEncoder(w).Encode(v)
}

// forward sends a request on, its path without the first element, and its answer back: a WebSocket too.
func forward(w http.ResponseWriter, r *http.Request, do func(*http.Request) (*http.Response, error)) {
	to := url.URL{Scheme: "https", Host: "inside.example", Path: "/" + r.PathValue("path"), RawQuery: r.URL.RawQuery}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, to.String(), r.Body)
	if err != nil {
		answer(w, nil, err)
		return
	}
	out.ContentLength, out.Header = r.ContentLength, r.Header.Clone()
	res, err := do(out)
	if err != nil {
		answer(w, nil, err)
		return
	}
	defer res.Body.Close()
	if ws, ok := websocket.FromResponse(res); ok {
		websocket.Respond(w, ws)
		return
	}
	for _, name := range []string{"X-From", "Content-Type"} {
		if v := res.Header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	w.WriteHeader(res.StatusCode)
	buf := make([]byte, 4096)
	for {
		n, err := res.Body.Read(buf)
		w.Write(buf[:n])
		w.(http.Flusher).Flush()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				fmt.Fprint(w, strings.ToUpper(err.Error()))
			}
			return
		}
	}
}

// deep calls auth, which calls back, until n is 0.
func deep(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("n"))
	if n == 0 {
		fmt.Fprint(w, "bottom")
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, fmt.Sprintf("https://auth/deep?n=%d", n-1), nil)
	if err != nil {
		answer(w, nil, err)
		return
	}
	res, err := auth.Do(req)
	if err != nil {
		answer(w, nil, err)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	fmt.Fprintf(w, "app(%s)%v", body, err)
}
