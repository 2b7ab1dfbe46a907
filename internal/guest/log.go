package guest

import (
	"bytes"
	"context"
	"log/slog"

	"grove.place/lattice/internal/abi"
)

// Log writes text to the console of the host at one of the levels abi.LogDebug to abi.LogError.
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

// consoleHandler is the slog.Handler that writes to the console: message first, then key=value pairs.
type consoleHandler struct {
	slog.Handler
	buf *bytes.Buffer
}

// NewConsoleHandler returns a slog.Handler that writes to the console of the host, one line a record.
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
	}), buf}
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
	text := record.Message
	if attrs := bytes.TrimSpace(h.buf.Bytes()); len(attrs) > 0 {
		text += " " + string(attrs)
	}
	Log(ctx, level, text)
	return nil
}

func (h consoleHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return consoleHandler{h.Handler.WithAttrs(attrs), h.buf}
}

func (h consoleHandler) WithGroup(name string) slog.Handler {
	return consoleHandler{h.Handler.WithGroup(name), h.buf}
}
