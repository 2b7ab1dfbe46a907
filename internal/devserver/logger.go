package devserver

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Logger returns a logger that writes for people: the time of day, the level unless it is information, the message, and
// key=value for what remains, which stands on the first line of a message of several. What is below the level is left out.
func Logger(out io.Writer, level slog.Level) *slog.Logger {
	return slog.New(&lineHandler{out: out, mu: &sync.Mutex{}, level: level})
}

// lineHandler writes one record at a time. Attributes of With are kept as text.
type lineHandler struct {
	mu     *sync.Mutex
	out    io.Writer
	level  slog.Level
	prefix string // of keys, from groups
	attrs  string
}

func (h *lineHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Time.Format("15:04:05 "))
	if r.Level != slog.LevelInfo {
		b.WriteString(r.Level.String() + " ")
	}
	first, rest, several := strings.Cut(strings.TrimRight(r.Message, "\n"), "\n")
	b.WriteString(first)
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		writeAttr(&b, h.prefix, a)
		return true
	})
	if several {
		b.WriteString("\n" + rest)
	}
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.out, b.String())
	return err
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	var b strings.Builder
	for _, a := range attrs {
		writeAttr(&b, h.prefix, a)
	}
	with.attrs += b.String()
	return &with
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	with := *h
	with.prefix += name + "."
	return &with
}

func writeAttr(b *strings.Builder, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range v.Group() {
			writeAttr(b, prefix, inner)
		}
		return
	}
	text := v.String()
	if text == "" || strings.ContainsAny(text, " \t\r\n\"=") {
		text = strconv.Quote(text)
	}
	fmt.Fprintf(b, " %s%s=%s", prefix, a.Key, text)
}

// Labelled returns a logger whose messages begin with a name in brackets.
func Labelled(log *slog.Logger, name string) *slog.Logger {
	return slog.New(labelled{log.Handler(), "[" + name + "] "})
}

type labelled struct {
	slog.Handler
	label string
}

func (h labelled) Handle(ctx context.Context, r slog.Record) error {
	r.Message = h.label + r.Message
	return h.Handler.Handle(ctx, r)
}

func (h labelled) WithAttrs(attrs []slog.Attr) slog.Handler {
	return labelled{h.Handler.WithAttrs(attrs), h.label}
}

func (h labelled) WithGroup(name string) slog.Handler {
	return labelled{h.Handler.WithGroup(name), h.label}
}

// duration rounds to what a person wants to know.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
