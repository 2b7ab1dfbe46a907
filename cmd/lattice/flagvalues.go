package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ", ") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

// overrides is a flag of NAME:value pairs, as wrangler takes them.
type overrides map[string]string

func (o overrides) String() string { return "" }

func (o overrides) Set(v string) error {
	name, value, ok := strings.Cut(v, ":")
	if !ok || name == "" {
		return errors.New("write it as NAME:value")
	}
	o[name] = value
	return nil
}

// logLevel is a flag with wrangler's names of levels.
type logLevel slog.Level

var logLevels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "log": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError, "none": slog.LevelError + 1}

func (l *logLevel) String() string { return "" }

func (l *logLevel) Set(v string) error {
	level, ok := logLevels[v]
	if !ok {
		return errors.New("write debug, info, warn, error or none")
	}
	*l = logLevel(level)
	return nil
}

// seeds is a flag of BINDING=file pairs.
type seeds map[string]string

func (s seeds) String() string { return "" }

func (s seeds) Set(v string) error {
	binding, file, ok := strings.Cut(v, "=")
	if !ok || binding == "" || file == "" {
		return errors.New("write it as BINDING=file.sql")
	}
	if s[binding] != "" {
		return fmt.Errorf("%s has a seed already", binding)
	}
	s[binding] = file
	return nil
}
