// Package vault is a Durable Object class that the Worker auth has and the Worker app binds with script_name.
package vault

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/rpc"
	"grove.place/lattice/workers/websocket"
)

var (
	Class  = durables.Class("Vault", New)
	Vaults = Class.Namespace("VAULTS")

	Add   = durables.Method(Class, "add", (*Vault).add)
	Note  = durables.Method(Class, "note", (*Vault).note)
	Notes = durables.Method(Class, "notes", (*Vault).notes)
	Later = durables.Method(Class, "later", (*Vault).later)
	Each  = durables.Method(Class, "each", (*Vault).each)
	Open  = durables.Method(Class, "open", (*Vault).open)
	Break = durables.Method(Class, "break", (*Vault).breaks)
)

// Vault keeps a number and notes.
type Vault struct{ state *durables.State }

// New makes the table.
func New(ctx context.Context, state *durables.State) (*Vault, error) {
	_, err := state.Storage().SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS notes (text TEXT)")
	return &Vault{state}, err
}

func (v *Vault) add(ctx context.Context, n int) (int, error) {
	var sum int
	if _, err := v.state.Storage().Get(ctx, "sum", &sum); err != nil {
		return 0, err
	}
	return sum + n, v.state.Storage().Put(ctx, "sum", sum+n)
}

func (v *Vault) note(ctx context.Context, text string) (durables.None, error) {
	_, err := v.state.Storage().SQL().Exec(ctx, "INSERT INTO notes VALUES (?)", text)
	return durables.None{}, err
}

func (v *Vault) notes(ctx context.Context, _ durables.None) ([]string, error) {
	return durables.All[string](ctx, v.state.Storage().SQL(), "SELECT text FROM notes ORDER BY rowid")
}

// later has the alarm write a note.
func (v *Vault) later(ctx context.Context, _ durables.None) (durables.None, error) {
	return durables.None{}, v.state.Storage().SetAlarm(ctx, time.Now().Add(200*time.Millisecond))
}

// Alarm writes the note.
func (v *Vault) Alarm(ctx context.Context, _ durables.AlarmInfo) error {
	name, _ := v.state.ID().Name()
	_, err := v.note(ctx, "alarm of "+name)
	return err
}

// EachParams are what each calls, and how often.
type EachParams struct {
	Times int                       `json:"times"`
	Do    rpc.Function[int, string] `json:"do"`
}

// each calls a function of the caller, and returns a function of its own.
func (v *Vault) each(ctx context.Context, p EachParams) (rpc.Function[string, string], error) {
	all := ""
	for i := range p.Times {
		text, err := p.Do.Call(ctx, i)
		if err != nil {
			return rpc.Function[string, string]{}, err
		}
		all += text
	}
	return rpc.NewFunction(ctx, func(_ context.Context, last string) (string, error) { return all + last, nil }), nil
}

// Counter is what open returns a stub of.
type Counter struct {
	vault *Vault
	by    int
}

var (
	Counters = rpc.Target[Counter]("Counter")
	Step     = rpc.Method(Counters, "step", (*Counter).step)
)

func (v *Vault) open(ctx context.Context, by int) (rpc.Stub[Counter], error) {
	return Counters.New(ctx, &Counter{v, by}), nil
}

func (c *Counter) step(ctx context.Context, _ rpc.None) (int, error) { return c.vault.add(ctx, c.by) }

func (v *Vault) breaks(ctx context.Context, text string) (durables.None, error) {
	return durables.None{}, durables.TypeError(text)
}

// ServeHTTP accepts a WebSocket that hibernates, or says who was asked.
func (v *Vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if websocket.Requested(r) {
		if _, err := v.state.UpgradeWebSocket(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return
	}
	name, _ := v.state.ID().Name()
	fmt.Fprintf(w, "vault %s: %s %s", name, r.Method, r.URL.Path)
}

// WebSocketMessage answers with the text and the sum.
func (v *Vault) WebSocketMessage(ctx context.Context, ws *websocket.Conn, m websocket.Message) error {
	sum, err := v.add(ctx, 1)
	if err != nil {
		return err
	}
	return ws.SendText(ctx, fmt.Sprintf("%s %d", m.Text(), sum))
}
