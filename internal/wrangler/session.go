package wrangler

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Session is that of `wrangler login`, which wrangler keeps in a file of its own. Nothing in it is printed.
type Session struct {
	Path    string
	Token   string    // for about an hour
	Expires time.Time // the zero time has passed
	Refresh string    // gets the next token, once
	Scopes  []string
}

// ErrNoSession is that nobody has logged in with wrangler.
var ErrNoSession = errors.New("there is no session of `wrangler login`")

var profileName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// LoadSession reads the session of the profile in CLOUDFLARE_AUTH_PROFILE, or of wrangler's own.
func LoadSession(getenv func(string) string) (*Session, error) {
	profile := getenv("CLOUDFLARE_AUTH_PROFILE")
	if profile == "" {
		profile = "default"
	}
	if !profileName.MatchString(profile) {
		return nil, fmt.Errorf("CLOUDFLARE_AUTH_PROFILE is no name of a profile: it has letters, digits, _ and -")
	}
	dir, err := sessionDir(getenv)
	if err != nil {
		return nil, ErrNoSession
	}
	s := &Session{Path: filepath.Join(dir, profile+".toml")}
	text, err := os.ReadFile(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, profile+".enc")); err == nil {
			return nil, fmt.Errorf("wrangler keeps its session in the keyring of this machine, where lattice cannot read it: set CLOUDFLARE_API_TOKEN, or run `wrangler login` without the keyring")
		}
		return nil, ErrNoSession
	}
	if err != nil {
		return nil, fmt.Errorf("%s: the session of `wrangler login` cannot be read: %w", s.Path, errors.Unwrap(err))
	}
	var file struct {
		Token   string   `toml:"oauth_token"`
		Refresh string   `toml:"refresh_token"`
		Expires string   `toml:"expiration_time"`
		Scopes  []string `toml:"scopes"`
	}
	if err := toml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: the session of `wrangler login` cannot be read: log in again with `wrangler login`", s.Path) // the library's error shows the line
	}
	if file.Token == "" {
		return nil, ErrNoSession
	}
	s.Token, s.Refresh, s.Scopes = file.Token, file.Refresh, file.Scopes
	s.Expires, _ = time.Parse(time.RFC3339, file.Expires)
	return s, nil
}

// Save writes the session where wrangler finds it, as wrangler writes it: whole or not at all, and for this user alone.
func (s *Session) Save() error {
	var b strings.Builder
	fmt.Fprintf(&b, "oauth_token = %s\nexpiration_time = %s\nrefresh_token = %s\n", strconv.Quote(s.Token), strconv.Quote(s.Expires.UTC().Format("2006-01-02T15:04:05.000Z")), strconv.Quote(s.Refresh))
	quoted := make([]string, len(s.Scopes))
	for i, scope := range s.Scopes {
		quoted[i] = strconv.Quote(scope)
	}
	fmt.Fprintf(&b, "scopes = [ %s ]\n", strings.Join(quoted, ", "))
	f, err := os.CreateTemp(filepath.Dir(s.Path), ".lattice-session-") // for this user alone
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(b.String())
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), s.Path)
}

// sessionDir is wrangler's folder config: in ~/.wrangler when that is there, or where the system keeps such files.
func sessionDir(getenv func(string) string) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	legacy := filepath.Join(home, ".wrangler")
	if info, err := os.Stat(legacy); err == nil && info.IsDir() {
		return filepath.Join(legacy, "config"), nil
	}
	return filepath.Join(configHome(runtime.GOOS, home, getenv), ".wrangler", "config"), nil
}

// configHome is the folder for configurations as the npm package xdg-app-paths finds it on each system.
func configHome(system, home string, getenv func(string) string) string {
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		return dir
	}
	switch system {
	case "darwin":
		return filepath.Join(home, "Library", "Preferences")
	case "windows":
		if dir := getenv("APPDATA"); dir != "" {
			return filepath.Join(dir, "xdg.config")
		}
		return filepath.Join(home, "AppData", "Roaming", "xdg.config")
	}
	return filepath.Join(home, ".config")
}
