package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Step is one request of a case.
type Step struct {
	Case    string // the case to ask for, when it is not the one the step belongs to
	Query   string
	Method  string // GET when empty
	Header  http.Header
	Body    string
	Chunked bool     // send the body without announcing its length
	Headers []string // headers of the response to compare
	Drop    bool     // compare the status only
	Again   bool     // once more if the connection was closed before the whole body was sent, which a server may do
	Until   string   // repeat the request until the answer matches this regular expression

	Socket string // the WebSocket of the case that the step is about instead; it is opened with Query and Header when it is new
	Talk   []talk // what is said and heard on it

	Cron string // deliver a scheduled event instead
	At   int64  // its time, ms
	Raw  string // send these bytes instead, and compare the status
}

// client shows responses as they are: no redirects followed, nothing decompressed.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// untilTimeout bounds a step with Until.
const untilTimeout = time.Minute

func (s Step) perform(ctx context.Context, h host, name string, mask *regexp.Regexp, open sockets) string {
	switch {
	case s.Socket != "":
		return s.talkOn(ctx, h, name, open)
	case s.Cron != "":
		return h.scheduled(ctx, s.Cron, time.UnixMilli(s.At))
	case s.Raw != "":
		return s.raw(ctx, h)
	case s.Until == "":
		return s.request(ctx, h, name, mask)
	}
	until := regexp.MustCompile(s.Until)
	ctx, cancel := context.WithTimeout(ctx, untilTimeout)
	defer cancel()
	for {
		text := s.request(ctx, h, name, mask)
		if until.MatchString(text) {
			return text
		}
		select {
		case <-ctx.Done():
			return "never " + s.Until + ", at last:\n" + text
		case <-time.After(25 * time.Millisecond):
		}
	}
}

func (s Step) request(ctx context.Context, h host, name string, mask *regexp.Regexp) string {
	if s.Case != "" {
		name = s.Case
	}
	address := h.url + "/" + strings.ReplaceAll(url.PathEscape(name), "%2F", "/")
	if s.Query != "" {
		address += "?" + s.Query
	}
	var body io.Reader
	if s.Body != "" {
		body = strings.NewReader(s.Body)
		if s.Chunked {
			body = io.MultiReader(body)
		}
	}
	req, err := http.NewRequestWithContext(ctx, s.Method, address, body)
	if err != nil {
		return err.Error()
	}
	if s.Header != nil {
		req.Header = s.Header.Clone()
	}
	req.Header.Set("User-Agent", "conformance")
	resp, err := client.Do(req)
	if err != nil && s.Again {
		s.Again = false
		return s.request(ctx, h, name, mask)
	}
	if err != nil {
		return "no response: " + strings.ReplaceAll(err.Error(), h.url, "")
	}
	defer resp.Body.Close()
	if s.Drop {
		io.Copy(io.Discard, resp.Body)
		return fmt.Sprint(resp.StatusCode)
	}
	return render(resp, s.Headers, mask)
}

func (s Step) raw(ctx context.Context, h host) string {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(untilTimeout))
	if _, err := io.WriteString(conn, s.Raw); err != nil {
		return err.Error()
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if fields := strings.Fields(line); err == nil && len(fields) > 1 {
		return "status " + fields[1]
	}
	return "closed without an answer"
}
