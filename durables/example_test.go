package durables_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/websocket"
)

// Mailbox is a Durable Object class with a table, a method and tasks.
type Mailbox struct {
	state   *durables.State
	storage *durables.Storage
	tasks   *durables.Tasks
}

// Letter is what callers send; JavaScript sees {from, text, sentAt}.
type Letter struct {
	From   string    `json:"from"`
	Text   string    `json:"text"`
	SentAt time.Time `json:"sentAt"`
}

var (
	mailboxClass = durables.Class("Mailbox", newMailbox)
	deliver      = durables.Method(mailboxClass, "deliver", (*Mailbox).deliver)
	letters      = durables.Method(mailboxClass, "letters", (*Mailbox).letters, durables.Retryable)
	mailboxes    = mailboxClass.Namespace("MAILBOXES")
)

func newMailbox(ctx context.Context, state *durables.State) (*Mailbox, error) {
	m := &Mailbox{state, state.Storage(), durables.NewTasks(state.Storage())}
	m.tasks.Handle("tidy", m.tidy)
	_, err := m.storage.SQL().Exec(ctx, `CREATE TABLE IF NOT EXISTS letters ("from" TEXT, text TEXT, sent_at INTEGER)`)
	return m, err
}

func (m *Mailbox) deliver(ctx context.Context, l Letter) (durables.None, error) {
	if l.Text == "" {
		return durables.None{}, durables.TypeError("a letter needs a text")
	}
	if _, err := m.storage.SQL().Exec(ctx, "INSERT INTO letters VALUES (?, ?, ?)", l.From, l.Text, l.SentAt); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, m.tasks.Schedule(ctx, "tidy", time.Now().AddDate(0, 1, 0))
}

func (m *Mailbox) letters(ctx context.Context, _ durables.None) ([]Letter, error) {
	return durables.All[Letter](ctx, m.storage.SQL(), `SELECT "from", text, sent_at AS sentAt FROM letters`)
}

func (m *Mailbox) tidy(ctx context.Context, task durables.TaskInfo) error {
	_, err := m.storage.SQL().Exec(ctx, "DELETE FROM letters WHERE sent_at < ?", task.Due.AddDate(0, -1, 0))
	return err
}

func (m *Mailbox) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	return m.tasks.Alarm(ctx, info)
}

// A class, and a Worker that calls it: everything that the two need to say.
func ExampleClass() {
	type Counter struct{ storage *durables.Storage }
	class := durables.Class("Hits", func(ctx context.Context, state *durables.State) (*Counter, error) {
		return &Counter{state.Storage()}, nil
	})
	add := durables.Method(class, "add", func(c *Counter, ctx context.Context, n int) (total int, err error) {
		if _, err := c.storage.Get(ctx, "total", &total); err != nil {
			return 0, err
		}
		total += n
		return total, c.storage.Put(ctx, "total", total)
	})
	counters := class.Namespace("HITS") // all of these are package-level variables in a program

	http.HandleFunc("POST /hits/{page}", func(w http.ResponseWriter, r *http.Request) {
		total, err := add.Call(r.Context(), counters.GetByName(r.PathValue("page")), 1)
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, total)
	})
}

// What a caller in a Worker does about failures.
func ExampleError() {
	http.HandleFunc("POST /mail/{to}", func(w http.ResponseWriter, r *http.Request) {
		box := mailboxes.GetByName(r.PathValue("to"))
		_, err := deliver.Call(r.Context(), box, Letter{From: "me", Text: r.FormValue("text"), SentAt: time.Now()})
		var failed *durables.Error
		switch {
		case err == nil:
			w.WriteHeader(http.StatusAccepted)
		case errors.As(err, &failed) && failed.Name == "TypeError":
			http.Error(w, failed.Message, http.StatusBadRequest)
		case errors.As(err, &failed) && failed.Overloaded:
			http.Error(w, "too many letters: try again later", http.StatusServiceUnavailable)
		default:
			http.Error(w, "nobody knows whether the letter was delivered", http.StatusInternalServerError)
		}
	})
}

func ExampleQuery() {
	recent := func(ctx context.Context, sql *durables.SQL) error {
		for l, err := range durables.Query[Letter](ctx, sql, `SELECT "from", text, sent_at AS sentAt FROM letters WHERE sent_at > ?`, time.Now().AddDate(0, 0, -1)) {
			if err != nil {
				return err
			}
			fmt.Println(l.From, l.Text)
		}
		return nil
	}
	_ = recent // runs in an object
}

// Rows whose columns are not known.
func ExampleSQL_Exec() {
	dump := func(ctx context.Context, sql *durables.SQL, query string) error {
		rows, err := sql.Exec(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		fmt.Println(rows.Columns())
		for rows.Next() {
			fmt.Println(rows.Row()...)
		}
		return rows.Err()
	}
	_ = dump
}

func ExampleStorage_Transaction() {
	move := func(ctx context.Context, s *durables.Storage, from, to string, amount int) error {
		return s.Transaction(ctx, func(ctx context.Context, txn *durables.Txn) error {
			var a, b int
			if _, err := s.Get(ctx, from, &a); err != nil {
				return err
			}
			if _, err := s.Get(ctx, to, &b); err != nil {
				return err
			}
			if a < amount {
				return errors.New("not enough") // undoes nothing yet written, and goes to the caller
			}
			return s.PutMany(ctx, map[string]any{from: a - amount, to: b + amount})
		})
	}
	_ = move
}

// Keys in their order, a page in memory at a time.
func ExampleStorage_All() {
	prune := func(ctx context.Context, s *durables.Storage) error {
		for entry, err := range s.All(ctx, durables.ListOptions{Prefix: "draft:"}) {
			if err != nil {
				return err
			}
			var draft Letter
			if err := entry.Decode(&draft); err != nil {
				return err
			}
			if draft.Text == "" {
				if _, err := s.Delete(ctx, entry.Key); err != nil {
					return err
				}
			}
		}
		return nil
	}
	_ = prune
}

// Several schedules over the one alarm of an object: in its constructor, and from its alarm.
func ExampleNewTasks() {
	type Shop struct{ tasks *durables.Tasks }
	durables.Class("Shop", func(ctx context.Context, state *durables.State) (*Shop, error) {
		s := &Shop{durables.NewTasks(state.Storage())}
		s.tasks.Handle("close", func(ctx context.Context, task durables.TaskInfo) error {
			slog.InfoContext(ctx, "closing", "attempt", task.Attempt)
			return nil // an error has it run again, later and later
		})
		s.tasks.Handle("count", func(ctx context.Context, task durables.TaskInfo) error { return nil })
		return s, s.tasks.Every(ctx, "count", time.Hour)
	})
	// func (s *Shop) Alarm(ctx context.Context, info durables.AlarmInfo) error { return s.tasks.Alarm(ctx, info) }
	// s.tasks.Schedule(ctx, "close", until) in a method
}

// A socket that hibernates, with what belongs to it.
func ExampleState_UpgradeWebSocket() {
	serve := func(state *durables.State, w http.ResponseWriter, r *http.Request) { // ServeHTTP of the object
		ws, err := state.UpgradeWebSocket(w, r, "room:"+r.FormValue("room"))
		if err != nil {
			return // the client has been answered
		}
		_ = ws.SerializeAttachment(r.Context(), r.FormValue("name"))
	}
	say := func(ctx context.Context, state *durables.State, room, text string) error {
		n, err := state.Broadcast(ctx, websocket.TextMessage(text), "room:"+room)
		slog.InfoContext(ctx, "said", "sockets", n)
		return err
	}
	_, _ = serve, say
}

// Something that must be there before the next event, and takes a while to get.
func ExampleState_BlockConcurrencyWhile() {
	load := func(ctx context.Context, state *durables.State, fetch func(context.Context) (string, error)) error {
		return state.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
			config, err := fetch(ctx)
			if err != nil {
				return err // the object is reset
			}
			return state.Storage().Put(ctx, "config", config)
		})
	}
	_ = load
}

// Back to what was stored an hour ago. What comes back undoes it.
func ExampleStorage_OnNextSessionRestoreBookmark() {
	back := func(ctx context.Context, state *durables.State) (undo string, err error) {
		bookmark, err := state.Storage().GetBookmarkForTime(ctx, time.Now().Add(-time.Hour))
		if err != nil {
			return "", err
		}
		return state.Storage().OnNextSessionRestoreBookmark(ctx, bookmark) // and state.Abort, to have it at once
	}
	_ = back
}
