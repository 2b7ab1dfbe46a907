package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/workers/sockets"
)

// opened opens a connection, and sends the first line.
func opened(ctx context.Context, server, line string, o sockets.Options) (*sockets.Conn, error) {
	conn, err := sockets.Connect(ctx, getenv(ctx, server), o)
	if err == nil && line != "" {
		_, err = io.WriteString(conn, line+"\n")
	}
	return conn, err
}

func readN(r io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := io.ReadFull(r, b)
	return b[:n], err
}

func tcpEcho(ctx context.Context, server string, o sockets.Options) (any, error) {
	conn, err := opened(ctx, server, "echo", o)
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(conn, "hello ß")
	text, err2 := readN(conn, 8)
	err3 := conn.CloseWrite()
	rest, err4 := io.ReadAll(conn)
	return []any{string(text), len(rest)}, errors.Join(err, err2, err3, err4, conn.Closed(ctx))
}

// tcpCase is a case that talks to the server in the clear.
func tcpCase(line string, o sockets.Options, f func(c *call, conn *sockets.Conn) (any, error)) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		conn, err := opened(c.ctx, "TCP", line, o)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		return f(c, conn)
	}
}

// unreachable is a case that cannot connect; an address in capitals is that of a server.
func unreachable(address string, o sockets.Options) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		to := address
		if strings.ToUpper(to) == to && !strings.Contains(to, ":") && to != "" {
			to = getenv(c.ctx, to)
		}
		_, err := sockets.Connect(c.ctx, to, o)
		return attempt(nil, cause(err)), nil
	}
}

func readAllText(_ *call, conn *sockets.Conn) (any, error) {
	b, err := io.ReadAll(conn)
	return string(b), err
}

// writeSlowly writes five times, with time for the other end to say something in between.
func writeSlowly(c *call, conn *sockets.Conn, pause time.Duration) error {
	for range 5 {
		if _, err := io.WriteString(conn, "x"); err != nil {
			return err
		}
		if err := sleep(c.ctx, pause); err != nil {
			return err
		}
	}
	return nil
}

func init() {
	on := sockets.Options{SecureTransport: sockets.On}
	none := sockets.Options{}
	table(workerCases, map[string]func(c *call) (any, error){
		"tcp/echo": func(c *call) (any, error) { return tcpEcho(c.ctx, "TCP", none) },
		"tcp/binary": tcpCase("echo", none, func(c *call, conn *sockets.Conn) (any, error) {
			_, err := conn.Write([]byte{0, 255, 10, 128})
			b, err2 := readN(conn, 4)
			return b, errors.Join(err, err2)
		}),
		"tcp/server ends": tcpCase("greet you", none, readAllText),
		"tcp/this half is closed": tcpCase("count", none, func(c *call, conn *sockets.Conn) (any, error) {
			_, err := conn.Write(pattern(100_000))
			err = errors.Join(err, conn.CloseWrite())
			text, err2 := readAllText(c, conn)
			return text, errors.Join(err, err2)
		}),
		"tcp/large":           tcpCase("echo", none, tcpLarge),
		"tcp/several at once": tcpSeveral,
		"tcp/write when the server has closed its half": tcpCase("half", none, func(c *call, conn *sockets.Conn) (any, error) {
			got, err := io.ReadAll(conn)
			return []any{len(got), writeSlowly(c, conn, 20*ms) != nil}, err
		}),
		"tcp/half open": tcpCase("half", sockets.Options{AllowHalfOpen: true}, func(c *call, conn *sockets.Conn) (any, error) {
			got, err := io.ReadAll(conn)
			return []any{len(got), attempt(nil, writeSlowly(c, conn, 5*ms))}, err
		}),
		"tcp/connection is dropped": tcpCase("drop", none, func(c *call, conn *sockets.Conn) (any, error) {
			b, err := io.ReadAll(conn)
			return attempt(len(b), cause(err)), nil
		}),
		"tcp/refused":                   unreachable("localhost:1", none),
		"tcp/refused with TLS":          unreachable("localhost:1", on),
		"tcp/no such host":              unreachable("no-such-host.invalid:80", none),
		"tcp/refused on a port of HTTP": unreachable("127.255.255.254:443", none),
		"tcp/address of numbers":        unreachable("[::1]:1", none),
		"tcp/address with a scheme":     unreachable("http://localhost:80", none),
		"tcp/address with a path":       unreachable("localhost:80/x", none),
		"tcp/address without a port":    unreachable("localhost", none),
		"tcp/address without a host":    unreachable(":80", none),
		"tcp/port that is none":         unreachable("localhost:99999", none),
		"tcp/port that is a word":       unreachable("localhost:http", none),
		"tcp/empty address":             unreachable("", none),
		"tcp/unknown transport":         unreachable("TCP", sockets.Options{SecureTransport: "maybe"}),
		"tcp/written after close": tcpCase("echo", none, func(c *call, conn *sockets.Conn) (any, error) {
			err := conn.Close()
			_, failed := io.WriteString(conn, "x")
			return errors.Is(failed, net.ErrClosed), err
		}),
		"tcp/closed twice": tcpCase("echo", none, func(c *call, conn *sockets.Conn) (any, error) {
			err := conn.Close()
			return errors.Is(conn.Close(), net.ErrClosed), err // where JavaScript says nothing
		}),
		"tcp/read by a deadline": tcpCase("late", none, func(c *call, conn *sockets.Conn) (any, error) {
			err := conn.SetReadDeadline(time.Now().Add(50 * ms))
			first := "came"
			if _, late := conn.Read(make([]byte, 10)); errors.Is(late, os.ErrDeadlineExceeded) {
				first = "late"
			}
			err = errors.Join(err, conn.SetReadDeadline(time.Time{}))
			text, err2 := readN(conn, 7)
			return []any{first, string(text)}, errors.Join(err, err2)
		}),
		"tcp/closed is told": tcpCase("greet you", none, func(c *call, conn *sockets.Conn) (any, error) {
			_, err := io.ReadAll(conn)
			return attempt(nil, conn.Closed(c.ctx)), err
		}),
		"tcp/addresses": tcpCase("", none, func(c *call, conn *sockets.Conn) (any, error) {
			_, port, _ := strings.Cut(getenv(c.ctx, "TCP"), ":")
			return []any{strings.HasSuffix(conn.RemoteAddr().String(), ":"+port), conn.LocalAddr().String()}, nil
		}),
		"tcp/TLS":                        func(c *call) (any, error) { return tcpEcho(c.ctx, "TLS", on) },
		"tcp/TLS with a bad certificate": unreachable("BAD_TLS", on),
		"tcp/TLS where there is none": func(c *call) (any, error) {
			_, err := opened(c.ctx, "TCP", "", on)
			return err != nil, nil
		},
		"tcp/start TLS":             tcpSecured(""),
		"tcp/start TLS with a name": tcpSecured("localhost"),
		"tcp/start TLS with another name": func(c *call) (any, error) {
			_, err := tcpSecured("other.example")(c)
			return err != nil, nil
		},
		"tcp/start TLS without asking": tcpCase("echo", none, func(c *call, conn *sockets.Conn) (any, error) {
			_, err := conn.StartTLS(c.ctx, "")
			return attempt(nil, err), nil
		}),
		"tcp/start TLS twice": func(c *call) (any, error) {
			conn, err := opened(c.ctx, "TLS", "echo", on)
			if err != nil {
				return nil, err
			}
			_, err = conn.StartTLS(c.ctx, "")
			return attempt(nil, err), nil
		},
		"tcp/from an object": func(c *call) (any, error) { return run.Call(c.ctx, c.object(), RunParams{Name: "tcp/inside"}) },
	})
	objectCases["tcp/inside"] = func(ctx ctxt, s *self) (any, error) { return tcpEcho(ctx, "TCP", none) }
}

func tcpLarge(c *call, conn *sockets.Conn) (any, error) {
	const size = 1_000_000
	var wait sync.WaitGroup
	var failed error
	wait.Go(func() {
		for i := 0; i < size && failed == nil; i += 50_000 {
			_, failed = conn.Write(pattern(50_000))
		}
	})
	back, err := readN(conn, size)
	wait.Wait()
	return back, errors.Join(err, failed)
}

func tcpSeveral(c *call) (any, error) {
	var texts [5]string
	var errs [5]error
	var wait sync.WaitGroup
	for i := range texts {
		wait.Go(func() {
			conn, err := opened(c.ctx, "TCP", "greet "+string(rune('1'+i)), sockets.Options{})
			if errs[i] = err; err == nil {
				b, err := io.ReadAll(conn)
				texts[i], errs[i] = string(b), err
			}
		})
	}
	wait.Wait()
	slices.Sort(texts[:])
	return texts[:], errors.Join(errs[:]...)
}

func tcpSecured(name string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		conn, err := opened(c.ctx, "TCP", "starttls", sockets.Options{SecureTransport: sockets.StartTLS})
		if err != nil {
			return nil, err
		}
		clear, err := readN(conn, 3)
		if err != nil {
			return nil, err
		}
		secure, err := conn.StartTLS(c.ctx, name)
		if err != nil {
			return nil, err
		}
		_, err = io.WriteString(secure, "secret")
		text, err2 := readN(secure, 6)
		return []any{string(clear), string(text)}, errors.Join(err, err2, secure.Close())
	}
}
