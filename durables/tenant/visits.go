package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
)

// maxVisits is how many visits go to AnalyticsDO in one call.
const maxVisits = 500

func (t *Tenant) flushAnalytics(ctx context.Context, _ durables.None) (durables.None, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, t.flushVisits(ctx)
}

// flushVisits sends what is buffered to the objects of its days. A batch keeps its rows and its number until it was acknowledged, so that it is counted once
// however often it is sent.
func (t *Tenant) flushVisits(ctx context.Context) error {
	t.flushing.Lock()
	defer t.flushing.Unlock()
	for {
		day, batch, err := t.nextVisits(ctx)
		if err != nil || batch == 0 {
			return err
		}
		texts, err := durables.All[string](ctx, t.object.SQL(), `SELECT event_data FROM analytics_buffer WHERE batch = ? ORDER BY id`, batch)
		if err != nil {
			return err
		}
		b := analytics.Batch{Source: t.object.Name(), ID: fmt.Sprint(batch), Events: make([]analytics.Event, len(texts))}
		for i, text := range texts {
			if err := json.Unmarshal([]byte(text), &b.Events[i]); err != nil {
				t.object.Log(ctx, slog.LevelError, "buffered visit unreadable", "error", err)
			}
		}
		if _, err := analytics.RecordEvents.Call(ctx, analytics.Of(t.id, day), b); err != nil {
			return fmt.Errorf("tenant: flush visits: %w", err)
		}
		t.visits.known = false
		if err := t.object.Exec(ctx, `DELETE FROM analytics_buffer WHERE batch = ?`, batch); err != nil {
			return err
		}
	}
}

// nextVisits returns the batch that was sent before, or puts the oldest rows of one day into a new one. The number is 0 when there is nothing.
func (t *Tenant) nextVisits(ctx context.Context) (day string, batch int64, err error) {
	type next struct {
		Day   string `json:"day"`
		Batch int64  `json:"batch"`
	}
	const pending = `SELECT day, batch FROM analytics_buffer WHERE batch IS NOT NULL ORDER BY batch LIMIT 1`
	n, found, err := durables.First[next](ctx, t.object.SQL(), pending)
	if err != nil || found {
		return n.Day, n.Batch, err
	}
	err = t.object.Exec(ctx, `UPDATE analytics_buffer SET batch = (SELECT max(id) FROM (SELECT id FROM analytics_buffer
			WHERE day = (SELECT day FROM analytics_buffer ORDER BY id LIMIT 1) ORDER BY id LIMIT ?1))
		WHERE id IN (SELECT id FROM analytics_buffer WHERE day = (SELECT day FROM analytics_buffer ORDER BY id LIMIT 1) ORDER BY id LIMIT ?1)`, maxVisits)
	if err != nil {
		return "", 0, err
	}
	n, _, err = durables.First[next](ctx, t.object.SQL(), pending)
	return n.Day, n.Batch, err
}

// live is a dashboard's socket.
type live struct {
	UserID  string `json:"userId"`
	Session string `json:"session"`
}

// LiveMessage is what the dashboard's socket gets.
type LiveMessage struct {
	Type   string `json:"type"` // "hello" or "event"
	Event  string `json:"event,omitempty"`
	Path   string `json:"path,omitempty"`
	At     int64  `json:"at"`
	Recent int    `json:"recent"` // page views of the last minute
}

const tagLive = "live"

// showLive tells the dashboards that something happened.
func (t *Tenant) showLive(ctx context.Context, e analytics.Event) {
	sockets, err := t.state.GetWebSockets(ctx, tagLive)
	if err != nil || len(sockets) == 0 {
		return
	}
	if _, err := t.state.Broadcast(ctx, t.liveMessage(ctx, "event", e), tagLive); err != nil {
		t.object.Log(ctx, slog.LevelWarn, "dashboards not told", "error", err)
	}
}

func (t *Tenant) liveMessage(ctx context.Context, kind string, e analytics.Event) durables.Message {
	now := time.Now()
	recent, _, err := durables.First[int](ctx, t.object.SQL(), `SELECT count(*) FROM analytics_buffer WHERE event_type = ? AND timestamp > ?`,
		analytics.PageView, now.Add(-time.Minute))
	if err != nil {
		t.object.Log(ctx, slog.LevelWarn, "recent views not counted", "error", err)
	}
	text, _ := json.Marshal(LiveMessage{Type: kind, Event: e.Type, Path: analytics.NormalPath(e.Path), At: now.UnixMilli(), Recent: recent})
	return durables.Message{Data: text}
}
