package host

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

var levels = []slog.Level{abi.LogDebug: slog.LevelDebug, abi.LogInfo: slog.LevelInfo, abi.LogWarn: slog.LevelWarn, abi.LogError: slog.LevelError}

func (s *Isolate) log(frame uint32, req []byte) []byte {
	r := abi.NewReader(req)
	level, text := r.U8(), r.Str()
	if r.End() != nil || int(level) >= len(levels) {
		return failure(abi.Errorf("malformed log message"))
	}
	log := s.loggerOf(s.frames[frame])
	if f := s.frames[frame]; f != nil && f.object != nil && strings.Contains(text, f.object.key.id) {
		log = s.host.cfg.Logger // the program names its object, as it must on Cloudflare
	}
	write(context.Background(), log, level, text)
	return isolate.Success(nil)
}

func write(ctx context.Context, log *slog.Logger, level byte, text string) {
	message, attributes := structured(text)
	log.Log(ctx, levels[level], message, attributes...)
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
