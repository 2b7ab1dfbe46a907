package durables_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"grove.place/lattice/durables"
)

// Mailbox is a Durable Object class with a table, a method and an alarm.
type Mailbox struct{ storage *durables.Storage }

// Letter is what callers send; JavaScript sees {from, text, sentAt}.
type Letter struct {
	From   string    `json:"from"`
	Text   string    `json:"text"`
	SentAt time.Time `json:"sentAt"`
}

var (
	mailboxClass = durables.Class("Mailbox", newMailbox)
	deliver      = durables.Method(mailboxClass, "deliver", (*Mailbox).deliver)
	letters      = durables.Method(mailboxClass, "letters", (*Mailbox).letters)
	mailboxes    = mailboxClass.Namespace("MAILBOXES")
)

func newMailbox(ctx context.Context, state *durables.State) (*Mailbox, error) {
	m := &Mailbox{state.Storage()}
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
	return durables.None{}, m.storage.SetAlarm(ctx, time.Now().Add(30*24*time.Hour))
}

func (m *Mailbox) letters(ctx context.Context, _ durables.None) ([]Letter, error) {
	return durables.All[Letter](ctx, m.storage.SQL(), `SELECT "from", text, sent_at AS sentAt FROM letters`)
}

// Alarm throws old letters away.
func (m *Mailbox) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	_, err := m.storage.SQL().Exec(ctx, "DELETE FROM letters WHERE sent_at < ?", info.ScheduledTime.AddDate(0, -1, 0))
	return err
}

func ExampleMethodOf_Call() {
	http.HandleFunc("POST /mail/{to}", func(w http.ResponseWriter, r *http.Request) {
		box := mailboxes.GetByName(r.PathValue("to"))
		_, err := deliver.Call(r.Context(), box, Letter{From: "me", Text: r.FormValue("text"), SentAt: time.Now()})
		var failed *durables.Error
		switch {
		case errors.As(err, &failed) && failed.Name == "TypeError":
			http.Error(w, failed.Message, http.StatusBadRequest)
		case err != nil:
			http.Error(w, "the letter was not delivered", http.StatusServiceUnavailable)
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
	_ = recent
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
