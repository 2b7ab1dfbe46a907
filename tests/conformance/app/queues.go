package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/rpc"
)

// plainText is a message of content type text.
func plainText(s string) queues.Message {
	return queues.Message{Body: s, ContentType: queues.Text}
}

func init() {
	refused := func(messages ...queues.Message) func(c *call) (any, error) {
		return func(c *call) (any, error) { return try(cause(work.SendBatch(c.ctx, messages...))), nil }
	}
	delayed := func(all ...time.Duration) func(c *call) (any, error) {
		return func(c *call) (any, error) {
			for _, d := range all {
				if err := work.SendBatch(c.ctx, queues.Message{Body: "unread|", Delay: d}); err != nil {
					return try(cause(err)), nil
				}
			}
			return nil, nil
		}
	}
	unread := func(n int) queues.Message { return plainText("unread|" + strings.Repeat("x", n-7)) }
	big70 := new(big.Int).Lsh(big.NewInt(1), 70)
	table(workerCases, map[string]func(c *call) (any, error){
		"queue refusal/nothing in a batch":                    refused(),
		"queue refusal/unknown content type":                  refused(queues.Message{Body: "x", ContentType: 9}),
		"queue refusal/text that is a number":                 refused(queues.Message{Body: 7, ContentType: queues.Text}),
		"queue refusal/text that is an object":                refused(plainText("unread|"), queues.Message{Body: object{}, ContentType: queues.Text}),
		"queue refusal/bytes that are text":                   refused(queues.Message{Body: "x", ContentType: queues.Bytes}),
		"queue refusal/bytes that are a list":                 refused(queues.Message{Body: []int{1, 2}, ContentType: queues.Bytes}),
		"queue refusal/JSON of a big integer":                 refused(queues.Message{Body: object{"n": big.NewInt(1)}}),
		"queue refusal/V8 of a function":                      refused(queues.Message{Body: object{"f": func() int { return 1 }}, ContentType: queues.V8}),
		"queue refusal/delay below zero":                      delayed(-time.Second),
		"queue refusal/delay over a day":                      delayed(86401 * time.Second),
		"queue refusal/batch with a delay over a day":         refused(queues.Message{Body: "unread|"}, queues.Message{Body: "unread|", Delay: 86401 * time.Second}),
		"queue refusal/longest delay":                         delayed(queues.MaxDelay, queues.MaxDelay-time.Second/2),
		"queue refusal/text of 128,000 bytes":                 refused(unread(queues.MaxMessage)),
		"queue refusal/text of 128,001 bytes":                 refused(unread(queues.MaxMessage + 1)),
		"queue refusal/text of few characters and many bytes": refused(plainText("unread|" + strings.Repeat("ß", 63_997))),
		"queue refusal/bytes of 128,001":                      refused(queues.Message{Body: make([]byte, 128_001), ContentType: queues.Bytes}),
		"queue refusal/JSON counts its quotes":                refused(queues.Message{Body: strings.Repeat("x", 127_999)}),
		"queue refusal/too large in a batch":                  refused(queues.Message{Body: "unread|"}, unread(128_001)),
		"queue refusal/100 messages":                          refused(slices.Repeat([]queues.Message{plainText("unread|")}, queues.MaxBatch)...),
		"queue refusal/101 messages":                          refused(slices.Repeat([]queues.Message{plainText("unread|")}, queues.MaxBatch+1)...),
		"queue refusal/batch of 256,000 bytes":                refused(slices.Repeat([]queues.Message{unread(64_000)}, 4)...),
		"queue refusal/batch of 288,004 bytes":                refused(slices.Repeat([]queues.Message{unread(72_001)}, 4)...),
		"queue refusal/none is sent": deliveries(1, 0, func(c *call) error {
			if work.SendBatch(c.ctx, queues.Message{Body: c.mark(object{"n": 1})}, queues.Message{Body: 7, ContentType: queues.Text}) == nil {
				return errors.New("sent all the same")
			}
			return work.Send(c.ctx, c.mark(object{"n": 2}))
		}),

		"queue body/JSON":                        bodies(queues.JSON, nil, "ß💥\u2028", []any{1, -0.5, 1e300, true, nil}, object{"a": object{"b": []any{}}}, float64(9007199254740993)),
		"queue body/JSON of what it cannot hold": bodies(queues.JSON, time.UnixMilli(5000), math.NaN(), object{"gone": rpc.Undefined{}}),
		"queue body/text":                        bodies(queues.Text, "", "ß💥\n", "{}"),
		"queue body/V8":                          bodies(queues.V8, time.UnixMilli(5000), big70, []byte{0, 255}, rpc.Map[string, time.Time]{{Key: "k", Value: time.UnixMilli(1)}}, []any{rpc.Undefined{}, nil}, math.NaN(), math.Copysign(0, -1)),
		"queue body/by itself":                   deliveries(1, 0, func(c *call) error { return work.Send(c.ctx, c.name+"|0|") }),

		"queue verdict/acknowledged or not said":           told("Q0", 3, 0, object{}, do("ack"), object{"do": []any{}}),
		"queue verdict/retried once of several":            told("Q1", 3, 0, object{}, do("retry")),
		"queue verdict/what is said first counts":          told("Q2", 3, 0, do("ack", "retry"), do("retry", "ack")),
		"queue verdict/retry all":                          told("Q3", 4, 0, object{}, do("retry all")),
		"queue verdict/acknowledged, then retry all":       told("Q4", 3, 0, do("ack"), do("retry all")),
		"queue verdict/retried, then acknowledge all":      told("Q5", 3, 0, do("retry"), do("ack all")),
		"queue verdict/acknowledge all, then retry all":    told("Q6", 2, calm, do("ack all"), do("retry all")),
		"queue verdict/retry all, then acknowledge all":    told("Q7", 4, 0, do("retry all"), do("ack all")),
		"queue verdict/thrown after acknowledging":         told("Q8", 3, 0, do("ack"), do("throw")),
		"queue verdict/thrown after acknowledging all":     told("Q9", 2, calm, do("ack all"), do("throw")),
		"queue verdict/retried with a delay":               told("Q10", 3, 0, object{}, do("retry later")),
		"queue verdict/dead letter of one of two":          told("Q11", 5, 0, object{"do": []any{"retry"}, "always": true}, object{}),
		"queue verdict/dead letters that fail are dropped": told("Q12", 6, 0, object{"do": []any{"retry"}, "always": true, "dead": true}),
	})
}

// calm is how long a case waits for a delivery that should not come.
const calm = 1300 * time.Millisecond

func do(verbs ...any) object { return object{"do": verbs} }

// bodies sends one batch of a body each, and waits for what arrives.
func bodies(kind queues.ContentType, list ...any) func(c *call) (any, error) {
	return deliveries(len(list), 0, func(c *call) error {
		var messages []queues.Message
		for n, v := range list {
			body := any(c.mark(object{"n": n, "it": v}))
			if kind == queues.Text {
				body = fmt.Sprintf("%s|%d|%s", c.name, n, v)
			}
			messages = append(messages, queues.Message{Body: body, ContentType: kind})
		}
		return work.SendBatch(c.ctx, messages...)
	})
}

// told sends a batch of messages that say what the consumer does, to a queue of the case's own: what is said of a batch is said of all that is in it.
func told(queue string, count int, after time.Duration, list ...object) func(c *call) (any, error) {
	return deliveries(count, after, func(c *call) error {
		var messages []queues.Message
		for n, fields := range list {
			body := c.mark(object{"n": n})
			for k, v := range fields {
				body[k] = v
			}
			messages = append(messages, queues.Message{Body: body})
		}
		return queues.Producer(queue).SendBatch(c.ctx, messages...)
	})
}

// deliveries sends, and waits until the consumer has noted that many of the case, and a moment for more than there should be.
func deliveries(count int, after time.Duration, send func(c *call) error) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		if err := send(c); err != nil {
			return nil, err
		}
		noted := func() ([]any, error) {
			v, err := run.Call(c.ctx, objects().GetByName("queue "+c.name), RunParams{Name: "queue/notes"})
			notes, _ := v.([]any)
			return notes, err
		}
		for range 200 {
			notes, err := noted()
			if err != nil {
				return nil, err
			}
			if len(notes) >= count {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(max(after, 100*time.Millisecond))
		notes, err := noted()
		first := map[string]any{}
		for _, v := range notes {
			note := v.(map[string]any)
			n, id := fmt.Sprint(note["n"]), note["id"]
			if first[n] == nil {
				first[n] = id
			}
			note["same"] = first[n] == id
			delete(note, "id")
		}
		order := func(v any) string {
			note := v.(map[string]any)
			return fmt.Sprint(note["queue"], " ", note["attempts"], " ", note["n"])
		}
		sort.Slice(notes, func(i, j int) bool { return order(notes[i]) < order(notes[j]) })
		return notes, err
	}
}

var ofQueues = regexp.MustCompile(`^queue (refusal|body|verdict)/`)

// deliver notes the messages of these cases, and does what they say. It returns the messages of other cases; some are read by nobody.
func deliver(ctx context.Context, batch *queues.Batch) (others []*queues.Delivery, err error) {
	type order struct {
		m    *queues.Delivery
		verb string
	}
	var said []order
	for _, m := range batch.Messages {
		body := m.Body()
		fields, _ := body.(map[string]any)
		of, _ := fields["case"].(string)
		n, it := fields["n"], fields["it"]
		if text, ok := body.(string); ok {
			parts := strings.SplitN(text, "|", 3)
			of, it = parts[0], text
			if len(parts) > 1 {
				n, _ = strconv.Atoi(parts[1])
			}
		}
		if of == "unread" {
			m.Ack()
			continue
		}
		if !ofQueues.MatchString(of) {
			others = append(others, m)
			continue
		}
		note := object{"queue": batch.Queue, "attempts": m.Attempts, "n": n, "it": show(it), "id": fmt.Sprint(m.ID, " ", m.Timestamp.UnixMilli())}
		if _, err := run.Call(ctx, objects().GetByName("queue "+of), RunParams{Name: "queue/note", Arg: note}); err != nil {
			return nil, err
		}
		always, dead := fields["always"] == true, batch.Queue == "dead"
		if always && (!dead || fields["dead"] == true) || m.Attempts == 1 && !dead {
			verbs, _ := fields["do"].([]any)
			for _, verb := range verbs {
				said = append(said, order{m, verb.(string)})
			}
		}
	}
	for _, s := range said {
		switch s.verb {
		case "ack":
			s.m.Ack()
		case "retry":
			s.m.Retry(0)
		case "retry later":
			s.m.Retry(time.Second)
		case "ack all":
			batch.AckAll()
		case "retry all":
			batch.RetryAll(0)
		default:
			return nil, errors.New("the consumer failed")
		}
	}
	return others, nil
}
