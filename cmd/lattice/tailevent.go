package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// tailEvent is what a tail says of an event, as far as it is shown.
// See https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/.
type tailEvent struct {
	Outcome    string  `json:"outcome"`
	Entrypoint string  `json:"entrypoint"`
	Time       float64 `json:"eventTimestamp"`
	Event      struct {
		Request *struct {
			Method string `json:"method"`
			URL    string `json:"url"`
		} `json:"request"`
		Cron      *string          `json:"cron"`
		Scheduled any              `json:"scheduledTime"` // of a cron trigger a number, of an alarm a date
		MailFrom  *string          `json:"mailFrom"`
		RcptTo    string           `json:"rcptTo"`
		Size      int64            `json:"rawSize"`
		Queue     *string          `json:"queue"`
		Batch     int              `json:"batchSize"`
		Method    *string          `json:"rpcMethod"`
		Consumed  []map[string]any `json:"consumedEvents"`
		Message   *string          `json:"message"`
		Type      string           `json:"type"`
	} `json:"event"`
	Logs []struct {
		Level   string `json:"level"`
		Message any    `json:"message"`
	} `json:"logs"`
	Exceptions []struct {
		Name    string `json:"name"`
		Message any    `json:"message"`
		Stack   string `json:"stack"`
	} `json:"exceptions"`
}

// event shows one.
func (c *tailCommand) event(ctx context.Context, text []byte) error {
	if bytes.Contains(text, []byte("wasm-function[")) {
		text = c.symbolized(ctx, text)
	}
	var b bytes.Buffer
	if c.pretty {
		var e tailEvent
		if err := json.Unmarshal(text, &e); err != nil {
			fmt.Fprintf(c.errs, "lattice: an event that is not understood: %v; lattice tail --json shows it\n", err)
			return nil
		}
		e.write(&b)
	} else if err := json.Compact(&b, text); err != nil {
		fmt.Fprintf(c.errs, "lattice: an event that is not JSON: %v\n", err)
		return nil
	} else {
		b.WriteByte('\n')
	}
	if _, err := c.out.Write(b.Bytes()); err != nil {
		return fmt.Errorf("%w: %w", errShow, err)
	}
	return nil
}

// symbolized puts Go names into what was logged and thrown.
func (c *tailCommand) symbolized(ctx context.Context, text []byte) []byte {
	var all map[string]any
	numbers := json.NewDecoder(bytes.NewReader(text))
	numbers.UseNumber()
	if numbers.Decode(&all) != nil {
		return text
	}
	version, _ := all["scriptVersion"].(map[string]any)
	id, _ := version["id"].(string)
	table := c.names(ctx, id)
	if table == nil {
		return text
	}
	for _, name := range []string{"logs", "exceptions"} {
		all[name] = mapText(all[name], table.Text)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(all) != nil {
		return text
	}
	return b.Bytes()
}

// mapText changes every text in a JSON value.
func mapText(v any, change func(string) string) any {
	switch v := v.(type) {
	case string:
		return change(v)
	case []any:
		for i := range v {
			v[i] = mapText(v[i], change)
		}
	case map[string]any:
		for k := range v {
			v[k] = mapText(v[k], change)
		}
	}
	return v
}

// write shows the event as wrangler does: a line, then what it logged, then what it threw.
func (e *tailEvent) write(w io.Writer) {
	fmt.Fprintln(w, e.line())
	for _, l := range e.Logs {
		fmt.Fprintf(w, "  (%s)", plain(l.Level))
		list, ok := l.Message.([]any)
		if !ok {
			list = []any{l.Message}
		}
		for _, m := range list {
			fmt.Fprint(w, " ", shown(m))
		}
		fmt.Fprintln(w)
	}
	for _, x := range e.Exceptions {
		fmt.Fprintf(w, "%s: %s\n", plain(x.Name), shown(x.Message))
		if x.Stack != "" {
			fmt.Fprintln(w, plain(strings.TrimRight(x.Stack, "\n")))
		}
	}
}

func (e *tailEvent) line() string {
	outcome, at, ev := outcomeOf(e.Outcome), moment(e.Time), &e.Event
	switch {
	case ev.Cron != nil:
		return fmt.Sprintf("%q @ %s - %s", plain(*ev.Cron), moment(ev.Scheduled), outcome)
	case ev.Request != nil && ev.Request.URL == "":
		return fmt.Sprintf("[missing request] - %s @ %s", outcome, at)
	case ev.Request != nil:
		return fmt.Sprintf("%s %s - %s @ %s", plain(strings.ToUpper(ev.Request.Method)), plain(ev.Request.URL), outcome, at)
	case ev.MailFrom != nil:
		return fmt.Sprintf("Email from:%s to:%s size:%d @ %s - %s", plain(*ev.MailFrom), plain(ev.RcptTo), ev.Size, at, outcome)
	case ev.Scheduled != nil:
		return fmt.Sprintf("Alarm @ %s - %s", moment(ev.Scheduled), outcome)
	case ev.Consumed != nil:
		var names []string
		for _, c := range ev.Consumed {
			if name, _ := c["scriptName"].(string); name != "" {
				names = append(names, plain(name))
			}
		}
		return fmt.Sprintf("Tailing %s - %s @ %s", strings.Join(names, ","), outcome, at)
	case ev.Message != nil && ev.Type != "":
		return plain(*ev.Message)
	case ev.Queue != nil:
		plural := "s"
		if ev.Batch == 1 {
			plural = ""
		}
		return fmt.Sprintf("Queue %s (%d message%s) - %s @ %s", plain(*ev.Queue), ev.Batch, plural, outcome, at)
	case ev.Method != nil:
		return fmt.Sprintf("%s.%s - %s @ %s", plain(e.Entrypoint), plain(*ev.Method), outcome, at)
	}
	return fmt.Sprintf("Unknown Event - %s @ %s", outcome, at)
}

func outcomeOf(name string) string {
	switch name {
	case "ok":
		return "Ok"
	case "canceled":
		return "Canceled"
	case "exceededCpu":
		return "Exceeded CPU Limit"
	case "exceededMemory":
		return "Exceeded Memory Limit"
	case "exception":
		return "Exception Thrown"
	}
	return "Unknown"
}

// moment is a time of the API, milliseconds or a date, as wrangler shows it.
func moment(v any) string {
	var t time.Time
	switch v := v.(type) {
	case float64:
		t = time.UnixMilli(int64(v))
	case string:
		var err error
		if t, err = time.Parse(time.RFC3339, v); err != nil {
			return plain(v)
		}
	default:
		return "?"
	}
	return t.Local().Format("1/2/2006, 3:04:05 PM")
}

// shown is a value that a Worker logged: text as it is, everything else as JSON.
func shown(v any) string {
	if text, ok := v.(string); ok {
		return plain(text)
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // it came from JSON
	return plain(strings.TrimSuffix(b.String(), "\n"))
}

// plain takes from a text what would command a terminal: anybody can send a Worker such a URL.
func plain(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) && r != '\t' && r != '\n' {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
