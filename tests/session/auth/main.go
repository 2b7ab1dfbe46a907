// Command auth is a Worker that others call: it has the class Vault, and consumes the queue mail.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/tests/session/vault"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/websocket"
)

var app = workers.Service("APP")

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-From", "auth")
		fmt.Fprintf(w, "auth: %s %s%s for %s, %s", r.Method, r.Host, r.URL.Path, r.Header.Get("X-User"), workers.Getenv(r.Context(), "NAME"))
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		io.Copy(w, r.Body)
	})
	mux.HandleFunc("/ticks", ticks)
	mux.HandleFunc("/slow", slow)
	mux.HandleFunc("/fail", func(http.ResponseWriter, *http.Request) { panic("auth is out of order") })
	mux.HandleFunc("/ws", echoSocket)
	mux.HandleFunc("/deep", deep)
	mux.HandleFunc("/note", func(w http.ResponseWriter, r *http.Request) {
		if _, err := vault.Note.Call(r.Context(), vault.Vaults.GetByName(r.FormValue("vault")), "from auth"); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, "noted")
	})
	mux.HandleFunc("/id", func(w http.ResponseWriter, r *http.Request) {
		id, err := vault.Vaults.IDFromName(r.Context(), r.FormValue("vault"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "%q", id)
	})
	workers.Run(workers.Worker{Fetch: mux, Queue: deliver})
}

// ticks says one, and two when the vault gate has a note.
func ticks(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "one")
	w.(http.Flusher).Flush()
	for {
		notes, err := vault.Notes.Call(r.Context(), vault.Vaults.GetByName("gate"), durables.None{})
		if err != nil {
			fmt.Fprintln(w, err)
			return
		}
		if len(notes) > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Fprintln(w, "two")
}

// slow says that it began, in a vault, and answers when it is told to in the same way.
func slow(w http.ResponseWriter, r *http.Request) {
	v := vault.Vaults.GetByName("slow")
	if _, err := vault.Note.Call(r.Context(), v, "began"); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for {
		notes, err := vault.Notes.Call(r.Context(), v, durables.None{})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if len(notes) > 1 {
			fmt.Fprint(w, "slow but sure")
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func echoSocket(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Upgrade(w, r)
	if err != nil {
		return
	}
	for m, err := range ws.Messages(r.Context()) {
		if err != nil {
			return
		}
		if err := ws.SendText(r.Context(), "auth heard "+m.Text()); err != nil {
			return
		}
	}
}

// deep calls back, and is called again, until n is 0.
func deep(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("n"))
	if n == 0 {
		fmt.Fprint(w, "bottom")
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, fmt.Sprintf("https://app/deep?n=%d", n-1), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	res, err := app.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	fmt.Fprintf(w, "auth(%s)%v", body, err)
}

// deliver keeps what the queue brings in the vault inbox.
func deliver(ctx context.Context, batch *queues.Batch) error {
	for _, m := range batch.Messages {
		var text string
		if err := m.Decode(&text); err != nil {
			return err
		}
		if _, err := vault.Note.Call(ctx, vault.Vaults.GetByName("inbox"), batch.Queue+": "+text); err != nil {
			return err
		}
	}
	return nil
}
