package wrangler

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestTheSessionOfWranglerLoginIsFound(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	if _, err := LoadSession(os.Getenv); !errors.Is(err, ErrNoSession) {
		t.Errorf("without one: %v", err)
	}
	put := func(dir, name, text string) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	xdg := filepath.Join(home, ".config", ".wrangler", "config")
	put(xdg, "default.toml", "oauth_token = \"first\"\nexpiration_time = \"2026-11-28T12:00:00.000Z\"\nrefresh_token = \"next\"\nscopes = [ \"account:read\", \"workers:write\" ]\n")
	s, err := LoadSession(os.Getenv)
	want := &Session{filepath.Join(xdg, "default.toml"), "first", time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), "next", []string{"account:read", "workers:write"}}
	if err != nil || !reflect.DeepEqual(s, want) {
		t.Fatalf("%+v, %v", s, err)
	}
	// What is saved reads the same.
	s.Token, s.Expires = "second", s.Expires.Add(time.Hour)
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	again, err := LoadSession(os.Getenv)
	if info, _ := os.Stat(s.Path); err != nil || !reflect.DeepEqual(again, s) || info.Mode().Perm() != 0o600 {
		t.Errorf("%+v, %v", again, err)
	}
	put(xdg, "work.toml", "oauth_token = \"work\"\n")
	if s, err := LoadSession(func(name string) string { return map[string]string{"CLOUDFLARE_AUTH_PROFILE": "work"}[name] }); err != nil || s.Token != "work" || !s.Expires.IsZero() {
		t.Errorf("a profile: %v", err)
	}
	if _, err := LoadSession(func(string) string { return "../default" }); err == nil || !strings.Contains(err.Error(), "no name of a profile") {
		t.Errorf("a profile elsewhere: %v", err)
	}
	put(xdg, "default.toml", "oauth_token = \"unfinished")
	if _, err := LoadSession(os.Getenv); err == nil || strings.Contains(err.Error(), "unfinished") {
		t.Errorf("a broken file: %v", err)
	}
	// A folder of earlier days comes first.
	legacy := filepath.Join(home, ".wrangler", "config")
	put(legacy, "default.enc", "{}")
	if _, err := LoadSession(os.Getenv); err == nil || !strings.Contains(err.Error(), "keyring") {
		t.Errorf("in the keyring: %v", err)
	}
}

func TestWhereSystemsKeepTheSession(t *testing.T) {
	none := func(string) string { return "" }
	for system, want := range map[string]string{"linux": "/h/.config", "darwin": "/h/Library/Preferences", "windows": "/h/AppData/Roaming/xdg.config"} {
		if got := configHome(system, "/h", none); filepath.ToSlash(got) != want {
			t.Errorf("%s: %s", system, got)
		}
	}
	if got := configHome("windows", "/h", func(name string) string { return map[string]string{"APPDATA": "/a"}[name] }); filepath.ToSlash(got) != "/a/xdg.config" {
		t.Errorf("windows with APPDATA: %s", got)
	}
}

func TestEnvFilesOfTheCommandAreReadAsWranglerReadsThem(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{".env": "A=1\nB=1\nC=1\nD=1\nT_SET=file\n", ".env.local": "B=2\nC=2\nD=${A}\n", ".env.staging": "C=3\n", ".env.staging.local": "E=5\n", "other": "A=9\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("T_SET", "process")
	e, err := LoadEnviron(dir, "staging")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"A": "1", "B": "2", "C": "3", "D": "1", "E": "5", "T_SET": "process", "NONE": ""} {
		if got := e.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if e.From("C") != "C in "+filepath.Join(dir, ".env.staging") || e.From("T_SET") != "T_SET in the environment" {
		t.Errorf("%s, %s", e.From("C"), e.From("T_SET"))
	}
	if e, err := LoadEnviron(dir, "staging", filepath.Join(dir, "other")); err != nil || e.Get("A") != "9" || e.Get("B") != "" {
		t.Errorf("a file that is named: %v", err)
	}
	if _, err := LoadEnviron(dir, "", filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "there is no such file") {
		t.Errorf("a file that is not there: %v", err)
	}
}
