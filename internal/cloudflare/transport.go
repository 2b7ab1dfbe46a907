package cloudflare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How often a request is tried, and how long the API may ask to wait.
const (
	attempts  = 5
	mostDelay = 2 * time.Minute
)

// transport sends requests with the token, and tries those again that failed for a reason that passes: 429, 5xx and a connection that broke. It waits as
// long as Retry-After says, otherwise 1, 2, 4 and 8 seconds and a bit. What the API refuses is an *Error.
//
// A request may thus be carried out twice. Those who call see to it: https://developers.cloudflare.com/fundamentals/api/reference/limits/.
type transport struct {
	options Options
	next    http.RoundTripper
}

func newTransport(o Options) *transport {
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, d time.Duration) error {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-t.C:
				return nil
			}
		}
	}
	next := http.DefaultTransport.(*http.Transport).Clone()
	next.ResponseHeaderTimeout = 3 * time.Minute // uploads are checked before they are answered
	return &transport{o, next}
}

// noRetry is the context key of requests that are tried once.
type noRetry struct{}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	open, length, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		res, err := t.once(r, open, length)
		if err == nil {
			return res, nil
		}
		if ctx := r.Context(); ctx.Err() != nil {
			return nil, ctx.Err()
		}
		wait, why := again(err, n)
		if why == "" || n == attempts || r.Context().Value(noRetry{}) != nil {
			if refused, ok := errors.AsType[*Error](err); ok {
				refused.Attempts = n
			}
			return nil, err
		}
		t.options.Notice(fmt.Sprintf("%s; trying again in %s (%d of %d)", why, wait.Round(time.Second/10), n+1, attempts))
		if err := t.options.Sleep(r.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// bodyOf returns what opens the body for each try; nil: there is none. One that can be opened again is not held in memory.
func bodyOf(r *http.Request) (open func() (io.ReadCloser, error), length int64, err error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, 0, nil
	}
	defer r.Body.Close()
	if r.GetBody != nil {
		return r.GetBody, r.ContentLength, nil
	}
	all, err := io.ReadAll(r.Body)
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(all)), nil }, int64(len(all)), err
}

// passed is the context key of requests whose answer is passed on as it comes, without another try when it breaks off.
type passed struct{}

func (t *transport) once(r *http.Request, open func() (io.ReadCloser, error), length int64) (*http.Response, error) {
	req := r.Clone(r.Context())
	for name := range req.Header {
		if strings.HasPrefix(name, "X-Stainless-") {
			req.Header.Del(name)
		}
	}
	if req.Header.Get("Authorization") == "" {
		if err := t.authorize(req); err != nil {
			return nil, err
		}
	}
	if open != nil {
		var err error
		if req.Body, err = open(); err != nil {
			return nil, err
		}
		req.ContentLength = length
	}
	res, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, &connectionError{req.URL.Host, err}
	}
	if res.StatusCode < 400 && r.Context().Value(passed{}) != nil {
		return res, nil
	}
	if res.StatusCode < 400 {
		// An answer that breaks off is worth another try, so it is read here.
		content, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return nil, &connectionError{req.URL.Host, err}
		}
		res.Body = io.NopCloser(bytes.NewReader(content))
		return res, nil
	}
	defer res.Body.Close()
	refused := refusal(req, res)
	refused.who = t.options.who()
	return nil, refused
}

func (t *transport) authorize(r *http.Request) error {
	token := t.options.Token
	if t.options.Fresh != nil && token != "" {
		var err error
		if token, err = t.options.Fresh(r.Context()); err != nil {
			return err
		}
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	r.Header.Set("X-Auth-Key", t.options.Key)
	r.Header.Set("X-Auth-Email", t.options.Email)
	return nil
}

// connectionError is a request that got no answer. Whether it was carried out is not known.
type connectionError struct {
	host string
	err  error
}

func (e *connectionError) Error() string {
	return fmt.Sprintf("no answer from %s: %v: look at the network, and at https://www.cloudflarestatus.com", e.host, e.err)
}

func (e *connectionError) Unwrap() error { return e.err }

// again says how long to wait after the nth try, and why; or nothing, when another would not help.
func again(err error, n int) (wait time.Duration, why string) {
	wait = time.Second<<(n-1) + rand.N(time.Second/4)
	refused, ok := errors.AsType[*Error](err)
	_, broken := errors.AsType[*connectionError](err)
	switch {
	case !ok && !broken: // it was not sent
		return 0, ""
	case !ok:
		return wait, fmt.Sprintf("the connection broke (%v)", errors.Unwrap(err))
	case refused.Status == http.StatusTooManyRequests:
		why = "Cloudflare asks to go slower (429)"
	case refused.Status >= 500:
		why = fmt.Sprintf("Cloudflare answered %d", refused.Status)
	default:
		return 0, ""
	}
	if refused.RetryAfter >= 0 {
		wait = refused.RetryAfter
	}
	if wait > mostDelay {
		return 0, ""
	}
	return wait, why
}

// retryAfter reads the header: seconds or a date; -1 when there is none.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.ParseFloat(v, 64); err == nil && n >= 0 {
		return time.Duration(n * float64(time.Second))
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(at))
	}
	return -1
}
