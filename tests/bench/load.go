package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// connections is how many keep-alive connections send requests, each the next one after its answer.
const connections = 8

// round is the outcome of a fixed number of requests.
type round struct {
	perSecond float64
	p50       time.Duration
}

// visits numbers what is asked for once.
var visits atomic.Int64

// load sends n requests for path, in which "*" stands for the number of the connection, and "#" for a number that is
// never used again. Every answer must be want.
func load(base, path, want string, n int) (round, error) {
	var (
		next      atomic.Int64
		wg        sync.WaitGroup
		latencies = make([][]time.Duration, connections)
		errs      = make([]error, connections)
	)
	start := time.Now()
	for c := range connections {
		wg.Go(func() {
			conn, err := dial(base, path, c)
			if err != nil {
				errs[c] = err
				return
			}
			defer conn.Close()
			for next.Add(1) <= int64(n) {
				sent := time.Now()
				got, err := conn.roundTrip()
				if err == nil && got != want {
					err = fmt.Errorf("%s%s answered %.200q instead of %q", base, path, got, want)
				}
				if err != nil {
					errs[c] = err
					return
				}
				latencies[c] = append(latencies[c], time.Since(sent))
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	for _, err := range errs {
		if err != nil {
			return round{}, err
		}
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	return round{float64(n) / took.Seconds(), all[len(all)/2]}, nil
}

// connection sends one prepared request again and again, so that the generator costs as little as it can.
type connection struct {
	net.Conn
	reader  *bufio.Reader
	request []byte
	once    bool // the request has a "#"
	body    bytes.Buffer
}

func dial(base, path string, number int) (*connection, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return nil, err
	}
	path = string(bytes.ReplaceAll([]byte(path), []byte("*"), fmt.Append(nil, "o", number)))
	return &connection{Conn: conn, reader: bufio.NewReader(conn), once: strings.Contains(path, "#"),
		request: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, u.Host)}, nil
}

func (c *connection) roundTrip() (string, error) {
	c.SetDeadline(time.Now().Add(30 * time.Second))
	request := c.request
	if c.once {
		request = bytes.Replace(request, []byte("#"), strconv.AppendInt(nil, visits.Add(1), 10), 1)
	}
	if _, err := c.Write(request); err != nil {
		return "", err
	}
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	c.body.Reset()
	if _, err := io.Copy(&c.body, resp.Body); err != nil {
		return "", err
	}
	got := string(bytes.TrimSpace(c.body.Bytes()))
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d: %.300s", resp.StatusCode, got)
	}
	return got, nil
}

// once opens a connection, sends one request and returns the answer.
func once(base, path string) (string, error) {
	conn, err := dial(base, path, 0)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return conn.roundTrip()
}
