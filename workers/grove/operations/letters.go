package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/queues"
)

// Letter is something that could not be delivered: a row of an object that D1 refuses (source is the object's class and name), or a message of a queue that
// its consumer refuses (source is "queue:" and the name of the queue's binding).
type Letter struct {
	Source   string `json:"source"`
	Seq      int64  `json:"seq"`
	Kind     string `json:"kind"`
	Payload  string `json:"payload"`
	Error    string `json:"error"`
	Attempts int    `json:"attempts"`
	DiedAt   int64  `json:"diedAt"` // ms
}

const letterColumns = `SELECT source, seq, kind, payload, error, attempts, died_at AS diedAt FROM dead_letters `

// letters lists dead letters by source and number. The cursor is the last of the page before.
func letters(ctx context.Context, cursor string, limit int) (list []Letter, nextCursor string, err error) {
	source, number := "", int64(-1)
	if at := strings.LastIndexByte(cursor, '/'); at > 0 {
		if n, err := strconv.ParseInt(cursor[at+1:], 10, 64); err == nil {
			source, number = cursor[:at], n
		}
	}
	list = []Letter{}
	err = db.Prepare(letterColumns+`WHERE (source, seq) > (?, ?) ORDER BY source, seq LIMIT ?`).Bind(source, number, limit+1).All(ctx, &list)
	if err != nil {
		return nil, "", web.Unavailable("The database", err)
	}
	if len(list) > limit {
		list = list[:limit]
		nextCursor = fmt.Sprintf("%s/%d", list[limit-1].Source, list[limit-1].Seq)
	}
	return list, nextCursor, nil
}

// retry gives a dead letter back to where it came from. The letter goes when that has it; should this be done twice, it counts once.
func retry(ctx context.Context, source string, seq int64) error {
	var l Letter
	found, err := db.Prepare(letterColumns+`WHERE source = ? AND seq = ?`).Bind(source, seq).First(ctx, &l)
	switch {
	case err != nil:
		return web.Unavailable("The database", err)
	case !found:
		return web.ErrNotFound
	}
	if binding, ok := strings.CutPrefix(l.Source, queuePrefix); ok {
		err = resend(ctx, binding, l.Payload)
	} else {
		className, name, _ := strings.Cut(l.Source, " ")
		var c class
		var id string
		if c, id, err = object(ctx, className, name); err != nil {
			return err
		}
		if err = c.retry(ctx, id, outbox.Letter{Seq: l.Seq, Kind: l.Kind, Payload: l.Payload}); err != nil {
			return web.Told("The object", err)
		}
	}
	if err != nil {
		return web.Unavailable("The queue", err)
	}
	if _, err := db.Prepare(`DELETE FROM dead_letters WHERE source = ? AND seq = ?`).Bind(source, seq).Run(ctx); err != nil {
		return web.Unavailable("The database", err)
	}
	return nil
}

const queuePrefix = "queue:"

func resend(ctx context.Context, binding, payload string) error {
	var body any
	if err := json.Unmarshal([]byte(payload), &body); err != nil {
		return web.BadRequest("unreadable", "The message is no JSON: it cannot be sent again.")
	}
	switch binding {
	case "FANOUT":
		return feed.Queue.Send(ctx, body)
	case "JOBS":
		return Queue.Send(ctx, body)
	}
	return web.BadRequest("unknown_queue", "There is no queue bound to "+binding+".")
}

// KeepDead keeps the messages that a consumer has refused too often, where operators see them. It consumes the dead letter queue of every queue.
func KeepDead(ctx context.Context, batch *queues.Batch) error {
	for _, d := range batch.Messages {
		body, err := json.Marshal(d.Body())
		if err != nil {
			slog.ErrorContext(ctx, "dead message unreadable", "message", d.ID, "error", err)
			d.Ack()
			continue
		}
		binding := "FANOUT"
		var m message
		if d.Decode(&m) == nil && m.Kind != "" {
			binding = "JOBS"
		}
		_, err = db.Prepare(`INSERT INTO dead_letters (source, seq, kind, payload, error, attempts, died_at) SELECT ?1, coalesce(max(seq), 0) + 1, 'message', ?2, ?3, ?4, ?5
			FROM dead_letters WHERE source = ?1 HAVING NOT EXISTS (SELECT 1 FROM dead_letters WHERE source = ?1 AND error = ?3)`).
			Bind(queuePrefix+binding, string(body), "refused by its consumer: message "+d.ID, d.Attempts, time.Now()).Run(ctx)
		if err != nil {
			return fmt.Errorf("operations: keep dead message: %w", err)
		}
		slog.ErrorContext(ctx, "message refused by its consumer and put aside", "queue", binding, "message", d.ID)
		d.Ack()
	}
	return nil
}
