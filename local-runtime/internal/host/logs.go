package host

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/symbols"
	"grove.place/lattice/local-runtime/internal/isolate"
)

var levels = []slog.Level{abi.LogDebug: slog.LevelDebug, abi.LogInfo: slog.LevelInfo, abi.LogWarn: slog.LevelWarn, abi.LogError: slog.LevelError, abi.LogPanic: slog.LevelError}

func (s *Isolate) log(frame uint32, req []byte) []byte {
	r := abi.NewReader(req)
	level, text := r.U8(), r.Str()
	if r.End() != nil || int(level) >= len(levels) {
		return failure(abi.Errorf("malformed log message"))
	}
	log := s.loggerOf(s.frames[frame])
	f := s.frames[frame]
	if f != nil && f.object != nil && strings.Contains(text, f.object.key.id) {
		log = s.host.cfg.Logger // the program names its object, as it must on Cloudflare
	}
	if level == abi.LogPanic && f != nil {
		f.panicked, _, _ = strings.Cut(text, "\ngoroutine ")
	}
	write(context.Background(), log, level, text)
	return isolate.Success(nil)
}

func write(ctx context.Context, log *slog.Logger, level byte, text string) {
	if level == abi.LogPanic {
		writePanic(ctx, log, text)
		return
	}
	message, attributes := structured(text)
	log.Log(ctx, levels[level], message, attributes...)
}

// writePanic writes a panic with the calls that are the program's own. Those who want all of Go's trace log debug messages.
func writePanic(ctx context.Context, log *slog.Logger, text string) {
	head, calls := symbols.ReadTrace(text)
	log.Error(paragraphs(head, symbols.Shown(calls)))
	log.DebugContext(ctx, "Go's whole trace of it\n"+strings.TrimRight(text, "\n"))
}

// paragraphs is a message of several parts, each of whole lines.
func paragraphs(parts ...string) string {
	var lines []string
	for _, p := range parts {
		if p = strings.TrimRight(p, "\n"); p != "" {
			lines = append(lines, p)
		}
	}
	return strings.Join(lines, "\n")
}

// logger names the object whose code runs.
func (s *Isolate) logger() *slog.Logger { return s.loggerOf(s.current) }

func (s *Isolate) loggerOf(f *frame) *slog.Logger {
	log := s.host.cfg.Logger
	if f != nil && f.object != nil {
		return log.With("class", f.object.key.class, "id", f.object.key.id)
	}
	return log
}

// structured takes a line of workers.LogJSON apart, so that this host's logger gets what the program's was given. Any other text is the message.
func structured(text string) (message string, attributes []any) {
	if !strings.HasPrefix(text, `{"`+abi.LogTime+`":`) {
		return text, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	if _, err := decoder.Token(); err != nil {
		return text, nil
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return text, nil
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return text, nil
		}
		switch key {
		case abi.LogTime, slog.LevelKey:
		case abi.LogMessage:
			if json.Unmarshal(value, &message) != nil {
				return text, nil
			}
		default:
			attributes = append(attributes, key, plain(value))
		}
	}
	return message, attributes
}

// plain is a JSON value as it reads in a line: strings without their quotes.
func plain(value json.RawMessage) string {
	var s string
	if bytes.HasPrefix(value, []byte(`"`)) && json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}
