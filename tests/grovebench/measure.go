package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// result is what was measured of one program on one host.
type result struct {
	Host    string
	Views   calls // for all page views, until everything has reached D1 or waits for the end of the day
	React   calls // for all reactions, likewise
	Session calls // for all validations
	Feed    calls // for all loads
	SignIn  calls // for one

	Trips      int // HTTP requests of one sign-in, to Grove and to the provider
	SignInTook time.Duration
	SessionP50 time.Duration
	SessionP95 time.Duration
	FeedP50    time.Duration
	FeedP95    time.Duration
}

const (
	tenantID = "01900000-0000-7000-8000-00000000a11c"
	ownerID  = "01900000-0000-7000-8000-00000000b0b0"
	postID   = "01900000-0000-7000-8000-000000000001"
	authors  = 50 // that the reader follows, each with
	written  = 10 // posts
)

// measure puts one program through everything. Calls of D1 are counted from the first request to the moment when nothing is left to be sent.
func measure(h *host, grove bool) (r result, err error) {
	r.Host = h.name
	if err := seed(h, grove); err != nil {
		return r, err
	}
	reader := "01900004-0000-7000-8000-000000000001"
	header := http.Header{"Cookie": {"plain"}}
	if grove {
		if reader, header, err = r.signIn(h); err != nil {
			return r, fmt.Errorf("sign in: %w", err)
		}
	}
	if err := follow(h, reader); err != nil {
		return r, err
	}
	if _, err := h.counts(); err != nil {
		return r, err
	}
	for _, step := range []func() error{
		func() error { return r.sessions(h, header) }, func() error { return r.feeds(h, reader, header) },
		func() error { return r.reactions(h, grove) }, func() error { return r.views(h) },
	} {
		if err := step(); err != nil {
			return r, err
		}
	}
	return r, nil
}

func seed(h *host, grove bool) error {
	const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) `
	statements := []string{
		`INSERT INTO users (id, email, email_norm, name, created_at, updated_at) VALUES ('` + ownerID + `', 'o', 'o', 'Owner', 0, 0)`,
		`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, tier, created_at, updated_at) VALUES ('` + tenantID + `', 'alice', '` + ownerID + `', 'Alice', 'evergreen', 0, 0)`,
		`INSERT INTO posts (id, tenant_id, author_id, slug, title, body_md, body_html, status, published_at, created_at, updated_at)
			VALUES ('` + postID + `', '` + tenantID + `', '` + ownerID + `', 'hello', 'Hello', 'text', '<p>text</p>', 'published', 1, 1, 1)`,
		fmt.Sprintf(numbers, *reactions) + `INSERT INTO users (id, email, email_norm, name, created_at, updated_at) SELECT printf('01900004-0000-7000-8000-%012x', i), i, i, 'Reader', 0, 0 FROM n`,
		fmt.Sprintf(numbers, authors) + `INSERT INTO users (id, email, email_norm, name, created_at, updated_at) SELECT printf('01900005-0000-7000-8000-%012x', i), 'a' || i, 'a' || i, 'Author', 0, 0 FROM n`,
		fmt.Sprintf(numbers, authors*written) + `INSERT INTO posts (id, tenant_id, author_id, slug, title, body_md, body_html, status, published_at, created_at, updated_at)
			SELECT printf('01900006-0000-7000-8000-%012x', i), '` + tenantID + `', printf('01900005-0000-7000-8000-%012x', 1 + i % 50), 'p' || i, 'Post', '', '', 'published', 1000 + i, 0, 0 FROM n`,
		`DELETE FROM announcements`,
	}
	if !grove {
		statements = append(statements, `CREATE TABLE plain_events (id INTEGER PRIMARY KEY, tenant_id TEXT, path TEXT, visitor TEXT, at INTEGER)`,
			`CREATE TABLE plain_sessions (id TEXT PRIMARY KEY, user_id TEXT, expires_at INTEGER)`,
			`INSERT INTO plain_sessions VALUES ('plain', '`+ownerID+`', 9000000000000)`)
	}
	for _, s := range statements {
		if _, err := h.sql(s); err != nil {
			return fmt.Errorf("%w: %s", err, s)
		}
	}
	return nil
}

func follow(h *host, reader string) error {
	_, err := h.sql(`INSERT INTO follows (follower_id, followee_id, created_at) SELECT '` + reader + `', id, 0 FROM users WHERE name = 'Author'`)
	return err
}

// get requests a page, reads it to its end, and returns how long that took.
func (h *host) get(address string, header http.Header) (time.Duration, error) {
	req, err := http.NewRequest("GET", address, nil)
	if err != nil {
		return 0, err
	}
	req.Header = header
	began := time.Now()
	resp, err := h.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d\n%.300s", address, resp.StatusCode, text)
	}
	return time.Since(began), err
}

// signIn signs somebody in twice, and measures the second time.
func (r *result) signIn(h *host) (userID string, header http.Header, err error) {
	for range 2 {
		jar, _ := cookiejar.New(nil)
		browser := *h.client
		browser.Jar = jar
		if _, err = h.counts(); err != nil {
			return "", nil, err
		}
		began := time.Now()
		r.Trips = 0
		resp, err := browser.Get("http://" + domain + "/auth/login/dev?return_to=%2Fsettings%2Fsessions")
		for err == nil && resp.StatusCode == http.StatusSeeOther && r.Trips < 10 {
			r.Trips++
			resp.Body.Close()
			to := resp.Header.Get("Location")
			if strings.Contains(to, "/authorize") { // the page where people say who they are, at the provider
				resp, err = browser.PostForm(to, url.Values{"sub": {"reader"}, "name": {"The reader"}, "email": {"reader@example.test"}, "email_verified": {"1"}})
				continue
			}
			if strings.HasPrefix(to, "/") {
				to = "http://" + domain + to
			}
			resp, err = browser.Get(to)
		}
		if err != nil {
			return "", nil, err
		}
		r.Trips++
		resp.Body.Close()
		r.SignInTook = time.Since(began)
		if resp.StatusCode != http.StatusOK {
			return "", nil, fmt.Errorf("it ended at %s with %d", resp.Request.URL, resp.StatusCode)
		}
		if r.SignIn, err = h.counts(); err != nil {
			return "", nil, err
		}
		header = http.Header{}
		for _, c := range jar.Cookies(&url.URL{Scheme: "http", Host: domain, Path: "/"}) {
			header.Add("Cookie", c.Name+"="+c.Value)
		}
		header.Set("Cookie", strings.Join(header["Cookie"], "; "))
	}
	rows, err := h.sql(`SELECT id FROM users WHERE name = 'The reader'`)
	if err != nil || len(rows) != 1 {
		return "", nil, errors.Join(err, fmt.Errorf("%d accounts", len(rows)))
	}
	return fmt.Sprint(rows[0]["id"]), header, nil
}

// latencies makes requests one after the other.
func latencies(n int, once func() (time.Duration, error)) (p50, p95 time.Duration, err error) {
	list := make([]time.Duration, n)
	for i := range list {
		if list[i], err = once(); err != nil {
			return 0, 0, err
		}
	}
	slices.Sort(list)
	return list[n/2], list[n*95/100], nil
}

func (r *result) sessions(h *host, header http.Header) (err error) {
	r.SessionP50, r.SessionP95, err = latencies(*sessions, func() (time.Duration, error) { return h.get("http://"+domain+"/auth/session", header) })
	if err == nil {
		r.Session, err = h.counts()
	}
	return err
}

func (r *result) feeds(h *host, reader string, header http.Header) (err error) {
	r.FeedP50, r.FeedP95, err = latencies(*feeds, func() (time.Duration, error) {
		return h.get("http://"+domain+"/api/feed?sort=recent&limit=20&user="+reader, header)
	})
	if err == nil {
		r.Feed, err = h.counts()
	}
	return err
}

// reactions come from as many people, to one post.
func (r *result) reactions(h *host, grove bool) error {
	for i := range *reactions {
		user := fmt.Sprintf("01900004-0000-7000-8000-%012x", i+1)
		var err error
		if grove {
			err = h.call("POSTS", "post:"+tenantID+":"+postID, "setReaction", map[string]any{"userId": user, "type": "like", "on": true})
		} else {
			err = h.put("http://" + domain + "/reactions/" + postID + "/" + user)
		}
		if err != nil {
			return err
		}
	}
	if grove {
		time.Sleep(*wait) // what follows within a minute: the author is told, the statistics count
		if err := h.call("POSTS", "post:"+tenantID+":"+postID, "flush"); err != nil {
			return err
		}
	}
	rows, err := h.sql(`SELECT count(*) AS n FROM reactions WHERE present = 1`)
	if err != nil || fmt.Sprint(rows[0]["n"]) != fmt.Sprint(*reactions) {
		return errors.Join(err, fmt.Errorf("D1 has %v reactions", rows))
	}
	r.React, err = h.counts()
	return err
}

func (h *host) put(address string) error {
	req, err := http.NewRequest("PUT", address, nil)
	if err != nil {
		return err
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d", address, resp.StatusCode)
	}
	return nil
}

// views are those of visitors from 200 networks, four at a time.
func (r *result) views(h *host) error {
	failed := make(chan error, 4)
	var running sync.WaitGroup
	for worker := range 4 {
		running.Go(func() {
			for i := worker; i < *views; i += 4 {
				header := http.Header{"Cf-Connecting-Ip": {fmt.Sprintf("198.18.%d.7", i%200)}, "User-Agent": {"Mozilla/5.0 Firefox/130.0"}}
				if _, err := h.get("http://alice."+domain+"/posts/hello", header); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	running.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	time.Sleep(*wait) // the last visits go to AnalyticsDO
	var err error
	r.Views, err = h.counts()
	return err
}
