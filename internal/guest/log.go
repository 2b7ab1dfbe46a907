package guest

import (
	"bytes"
	"context"
	"log/slog"

	"grove.place/lattice/internal/abi"
)

// Log writes text to the console of the host at one of the levels abi.LogDebug to abi.LogPanic.
func Log(ctx context.Context, level byte, text string) {
	var frame uint32
	if f := FrameOf(ctx); f != nil {
		frame = f.id
	}
	var w abi.Writer
	w.U8(level)
	w.Str(text)
	log(frame, w.Bytes())
}

// consoleHandler is a slog.Handler that writes to the console what another handler makes of a record.
type consoleHandler struct {
	slog.Handler
	buf *bytes.Buffer
	// line makes the line of a record and of what the other handler wrote.
	line func(record slog.Record, written []byte) string
}

// NewConsoleHandler returns a slog.Handler that writes to the console of the host, one line a record: the message, then key=value pairs.
func NewConsoleHandler() slog.Handler {
	buf := new(bytes.Buffer)
	return consoleHandler{slog.NewTextHandler(buf, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
				return slog.Attr{}
			}
			return a
		},
	}), buf, func(record slog.Record, attributes []byte) string {
		if len(attributes) == 0 {
			return record.Message
		}
		return record.Message + " " + string(attributes)
	}}
}

// NewJSONConsoleHandler returns a slog.Handler that writes to the console of the host, one JSON object a record.
func NewJSONConsoleHandler() slog.Handler {
	buf := new(bytes.Buffer)
	return consoleHandler{slog.NewJSONHandler(buf, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			switch {
			case a.Value.Kind() == slog.KindDuration:
				a.Value = slog.StringValue(a.Value.Duration().String())
			case len(groups) == 0 && a.Key == slog.TimeKey:
				a.Key = abi.LogTime
			case len(groups) == 0 && a.Key == slog.MessageKey:
				a.Key = abi.LogMessage
			}
			return a
		},
	}), buf, func(_ slog.Record, object []byte) string { return string(object) }}
}

func (h consoleHandler) Handle(ctx context.Context, record slog.Record) error {
	h.buf.Reset()
	if err := h.Handler.Handle(ctx, record); err != nil {
		return err
	}
	level := byte(abi.LogDebug)
	switch {
	case record.Level >= slog.LevelError:
		level = abi.LogError
	case record.Level >= slog.LevelWarn:
		level = abi.LogWarn
	case record.Level >= slog.LevelInfo:
		level = abi.LogInfo
	}
	Log(ctx, level, h.line(record, bytes.TrimSpace(h.buf.Bytes())))
	return nil
}

func (h consoleHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

func (h consoleHandler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}
