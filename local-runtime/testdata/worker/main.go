// A Worker for tests of the host.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/local-runtime/testdata/room"
	"grove.place/lattice/local-runtime/testdata/thing"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/websocket"
)

var crons []string

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s from %s", workers.Getenv(r.Context(), "WHO"), r.RemoteAddr)
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		io.Copy(w, r.Body)
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		for i := range n {
			fmt.Fprintf(w, "line %d\n", i)
			if i%100 == 0 {
				w.(http.Flusher).Flush()
			}
		}
	})
	mux.HandleFunc("/add/{name}", func(w http.ResponseWriter, r *http.Request) {
		total, err := thing.Add.Call(r.Context(), thing.Things.GetByName(r.PathValue("name")), 1)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, total)
	})
	mux.HandleFunc("/thing/{name}/{path...}", func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.RequestURI = ""
		resp, err := thing.Things.GetByName(r.PathValue("name")).Fetch(r.Context(), out)
		relay(w, resp, err)
	})
	mux.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) {
		req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, r.FormValue("url"), nil)
		resp, err := (&http.Client{Transport: workers.Transport}).Do(req)
		relay(w, resp, err)
	})
	mux.HandleFunc("/database", func(w http.ResponseWriter, r *http.Request) {
		db := d1.Database("DB")
		if _, err := db.Prepare("INSERT INTO notes (text) VALUES (?)").Bind(r.FormValue("text")).Run(r.Context()); err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		var notes []string
		_, rows, err := db.Prepare("SELECT text FROM notes").Raw(r.Context())
		for _, row := range rows {
			notes = append(notes, fmt.Sprint(row[0]))
		}
		fmt.Fprint(w, strings.Join(notes, ","), err)
	})
	mux.HandleFunc("/panic", func(w http.ResponseWriter, r *http.Request) { panic("handler panics") })
	mux.HandleFunc("/die", func(w http.ResponseWriter, r *http.Request) { os.Exit(7) })
	mux.HandleFunc("/wait", func(w http.ResponseWriter, r *http.Request) {
		workers.WaitUntil(r.Context(), func(ctx context.Context) error {
			time.Sleep(time.Second)
			_, err := thing.Add.Call(ctx, thing.Things.GetByName("waited"), 5)
			return err
		})
	})
	mux.HandleFunc("/hang", func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		fmt.Println("hang ended:", context.Cause(r.Context()))
	})
	mux.HandleFunc("/stuck", func(w http.ResponseWriter, r *http.Request) { // waits for an object that sleeps
		_, err := thing.Sleep.Call(r.Context(), thing.Things.GetByName(r.FormValue("name")), 100)
		fmt.Fprint(w, err)
	})
	mux.HandleFunc("/goroutines", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, runtime.NumGoroutine()) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, r *http.Request) {
		ctx, stub := r.Context(), thing.Things.GetByName("breaks")
		n, err := thing.Add.Call(ctx, stub, 1)
		fmt.Fprintln(w, "add", n, err)
		_, err = thing.Abort.Call(ctx, stub, "broken now")
		fmt.Fprintln(w, "abort", err)
		n, err = thing.Add.Call(ctx, stub, 1)
		fmt.Fprintln(w, "same stub", n, err)
		n, err = thing.Add.Call(ctx, thing.Things.GetByName("breaks"), 0)
		fmt.Fprintln(w, "new stub", n, err)
		other := thing.Things.GetByName("passes on")
		_, err = thing.FailReset.Call(ctx, other, "nested")
		fmt.Fprintln(w, "thrown reset Error:", err)
		n, err = thing.Add.Call(ctx, other, 0)
		fmt.Fprintln(w, "its stub", n, err)
	})
	mux.HandleFunc("/count", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err)
	})
	mux.HandleFunc("/service", func(w http.ResponseWriter, r *http.Request) {
		req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://x/hello", nil)
		resp, err := workers.Service(r.FormValue("binding")).Do(req)
		relay(w, resp, err)
	})
	mux.HandleFunc("/room/{name}/{path...}", func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.RequestURI = ""
		resp, err := room.Rooms.GetByName(r.PathValue("name")).Fetch(r.Context(), out)
		if err == nil {
			if conn, ok := websocket.FromResponse(resp); ok {
				websocket.Respond(w, conn)
				return
			}
		}
		relay(w, resp, err)
	})
	mux.HandleFunc("/greet", func(w http.ResponseWriter, r *http.Request) { // leaves the socket behind
		client, server, err := websocket.NewPair(r.Context())
		if err == nil {
			err = server.Accept(r.Context())
		}
		if err == nil {
			err = server.SendText(r.Context(), "hello")
		}
		if err == nil {
			w.Header().Set("Sec-WebSocket-Protocol", "greeting")
			err = websocket.Respond(w, client)
		}
		if err != nil {
			http.Error(w, err.Error(), 500)
		}
	})
	mux.HandleFunc("/upper", func(w http.ResponseWriter, r *http.Request) { // talks to another server
		ws, err := websocket.Upgrade(w, r)
		if err != nil {
			return
		}
		far, _, err := websocket.Dial(r.Context(), r.FormValue("url"), nil)
		if err != nil {
			ws.Close(r.Context(), 4000, err.Error())
			return
		}
		for m, err := range ws.Messages(r.Context()) {
			if err == nil {
				err = far.SendText(r.Context(), strings.ToUpper(m.Text()))
			}
			if err == nil {
				m, err = far.Receive(r.Context())
			}
			if err == nil {
				err = ws.SendMessage(r.Context(), m)
			}
			if err != nil {
				ws.Close(r.Context(), 4000, err.Error())
				return
			}
		}
		far.Close(r.Context(), 1000, "done")
	})
	mux.HandleFunc("/crons", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, crons) })
	workers.Run(workers.Worker{
		Fetch: mux,
		Scheduled: func(ctx context.Context, ev workers.ScheduledEvent) error {
			crons = append(crons, ev.Cron+"@"+ev.ScheduledTime.UTC().Format(time.TimeOnly))
			if ev.Cron == "fail" {
				return durables.TypeError("the cron fails")
			}
			return nil
		},
	})
}

func relay(w http.ResponseWriter, resp *http.Response, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(resp.StatusCode)
	buf := make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(buf)
		w.Write(buf[:n])
		w.(http.Flusher).Flush()
		if err != nil {
			return
		}
	}
}
