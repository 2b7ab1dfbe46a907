package devserver

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestLoggerWritesForPeople(t *testing.T) {
	var b strings.Builder
	log := Logger(&b, slog.LevelInfo)
	log.Debug("unseen")
	log.Info("hello")
	log.With("class", "SessionDO").WithGroup("g").Warn("odd", "n", 3, "text", "two words", slog.Group("in", "x", true), "error", errors.New(`a "b"`))
	Logger(&b, slog.LevelDebug).Debug("seen\nin two lines\n")
	log.With("id", 7).Error("panic: oh\ngoroutine 1", "n", 1)
	var got []string
	for line := range strings.Lines(b.String()) {
		if len(line) > 9 && line[2] == ':' {
			line = line[9:]
		}
		got = append(got, line)
	}
	want := "hello\n" + `WARN odd class=SessionDO g.n=3 g.text="two words" g.in.x=true g.error="a \"b\""` + "\n" + "DEBUG seen\nin two lines\n" + "ERROR panic: oh id=7 n=1\ngoroutine 1\n"
	if strings.Join(got, "") != want {
		t.Errorf("got\n%swant\n%s", strings.Join(got, ""), want)
	}
}
