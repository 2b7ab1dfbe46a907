package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/wrangler"
)

// envFileFlag names .env files, instead of the usual ones.
func (c *cloudCommand) envFileFlag(fs *flag.FlagSet) {
	fs.Var(&c.envFiles, "env-file", "`file` with NAME=value lines that set what the environment does not, CLOUDFLARE_API_TOKEN say (default .env and .env.local, and those of --env); may be repeated")
}

// credentials finds what is shown to Cloudflare: in the environment and .env files, or in the session of wrangler login.
func credentials(environ *wrangler.Environ) (cloudflare.Options, *wrangler.Session, error) {
	o, err := cloudflare.FromEnvironment(environ.Get)
	if o.Source != "" {
		o.Source = environ.From(o.Source)
	}
	if !errors.Is(err, cloudflare.ErrNoCredentials) || o.Key != "" {
		return o, nil, err
	}
	s, sessionErr := wrangler.LoadSession(environ.Get)
	switch {
	case errors.Is(sessionErr, wrangler.ErrNoSession):
		return o, nil, err
	case sessionErr != nil:
		return o, nil, fmt.Errorf("%w\n%w", err, sessionErr)
	}
	o.Token, o.Source = s.Token, "the session of wrangler login in "+short(s.Path)
	return o, s, nil
}

// renew gets the next token of a session that has expired, and keeps it where wrangler finds it.
func renew(ctx context.Context, environ *wrangler.Environ, o *cloudflare.Options, s *wrangler.Session) error {
	if s == nil || time.Until(s.Expires) > 0 {
		return nil
	}
	if s.Refresh == "" {
		return fmt.Errorf("the session of `wrangler login` has expired: log in again with it, or set CLOUDFLARE_API_TOKEN")
	}
	// What could not be kept would be lost, and the person logged out.
	f, err := os.CreateTemp(filepath.Dir(s.Path), ".lattice-session-")
	if err != nil {
		return fmt.Errorf("the session of `wrangler login` has expired, and the next one could not be written beside %s: run `wrangler whoami`, which renews it, or set CLOUDFLARE_API_TOKEN", short(s.Path))
	}
	f.Close()
	os.Remove(f.Name())
	next, err := cloudflare.Renew(ctx, environ.Get, s.Refresh)
	if err != nil {
		return err
	}
	s.Token, s.Refresh, s.Expires = next.Token, next.Refresh, next.Expires
	if len(next.Scopes) > 0 {
		s.Scopes = next.Scopes
	}
	if err := s.Save(); err != nil {
		return fmt.Errorf("keep the session of `wrangler login`: %w: log in again with `wrangler login`", err)
	}
	o.Token = s.Token
	return nil
}

// short is a path with ~ for the home folder.
func short(path string) string {
	home, err := os.UserHomeDir()
	if rel, relErr := filepath.Rel(home, path); err == nil && relErr == nil && filepath.IsLocal(rel) {
		return filepath.Join("~", rel)
	}
	return path
}

// environ is the environment of this command, whose files are read once.
func (c *cloudCommand) environ() (_ *wrangler.Environ, err error) {
	if c.environment == nil {
		c.environment, err = c.project.environ(c.envFiles...)
	}
	return c.environment, err
}

// open is a client with the credentials of this command.
func (c *cloudCommand) open(ctx context.Context) (*cloudflare.Client, cloudflare.Options, *wrangler.Session, error) {
	environ, err := c.environ()
	if err != nil {
		return nil, cloudflare.Options{}, nil, err
	}
	o, session, err := credentials(environ)
	if err == nil {
		err = renew(ctx, environ, &o, session)
	}
	if err != nil {
		return nil, o, nil, err
	}
	o.Notice = func(text string) { fmt.Fprintf(c.errs, "waiting   %s\n", text) }
	client, err := cloudflare.New(o)
	return client, o, session, err
}
