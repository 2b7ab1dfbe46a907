package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// audience is how many sockets hear a broadcast.
const audience = 1000

// socket is a client of an object that keeps its sockets.
type socket struct{ net.Conn }

// openSocket opens a WebSocket to path, in which "*" stands for number.
func openSocket(base, path string, number int) (*socket, error) {
	url := "ws" + strings.TrimPrefix(base, "http") + strings.ReplaceAll(path, "*", fmt.Sprint("s", number))
	conn, rest, _, err := ws.Dial(context.Background(), url)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	if rest != nil {
		return nil, fmt.Errorf("%s sent a message before it was asked to", url)
	}
	conn.SetDeadline(time.Now().Add(2 * time.Minute))
	return &socket{conn}, nil
}

// leave closes the socket as a client should.
func (s *socket) leave() {
	ws.WriteFrame(s.Conn, ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))))
	s.SetDeadline(time.Now().Add(5 * time.Second))
	for {
		if _, _, err := wsutil.ReadServerData(s.Conn); err != nil {
			break
		}
	}
	s.Close()
}

// openSockets opens n sockets, a few at a time; number of each gives the place that it goes to.
func openSockets(base, path string, n int, number func(i int) int) ([]*socket, error) {
	sockets, errs := make([]*socket, n), make([]error, n)
	slots := make(chan struct{}, 16)
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			sockets[i], errs[i] = openSocket(base, path, number(i))
			<-slots
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return sockets, nil
}

func leaveAll(sockets []*socket) {
	var wg sync.WaitGroup
	for _, s := range sockets {
		wg.Go(s.leave)
	}
	wg.Wait()
}

// echoes measures n round trips over a few sockets, each sending the next message when the last has come back.
func echoes(base, path, want string, n int) (round, error) {
	sockets, err := openSockets(base, path, connections, func(i int) int { return i })
	if err != nil {
		return round{}, err
	}
	defer leaveAll(sockets)
	var (
		next      atomic.Int64
		wg        sync.WaitGroup
		latencies = make([][]time.Duration, len(sockets))
		errs      = make(chan error, len(sockets))
	)
	start := time.Now()
	for i, s := range sockets {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				sent := time.Now()
				err := wsutil.WriteClientText(s.Conn, []byte(want))
				if err == nil {
					var got []byte
					if got, err = wsutil.ReadServerText(s.Conn); err == nil && string(got) != want {
						err = fmt.Errorf("%q came back as %q", want, got)
					}
				}
				if err != nil {
					errs <- err
					return
				}
				latencies[i] = append(latencies[i], time.Since(sent))
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	close(errs)
	if err, failed := <-errs; failed {
		return round{}, err
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	return round{float64(n) / took.Seconds(), all[len(all)/2]}, nil
}

// broadcasts measures n messages from one socket of a room to all of its sockets, each sent when everybody has the last.
func broadcasts(base, path, want string, n int) (round, error) {
	room := int(visits.Add(1))
	sockets, err := openSockets(base, path, audience, func(int) int { return room })
	if err != nil {
		return round{}, err
	}
	defer leaveAll(sockets)
	var left atomic.Int64
	heard, errs := make(chan struct{}, 1), make(chan error, audience)
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, s := range sockets {
		wg.Go(func() {
			for range n {
				if got, err := wsutil.ReadServerText(s.Conn); err != nil || string(got) != want {
					errs <- fmt.Errorf("heard %q, %v", got, err)
					return
				}
				if left.Add(-1) == 0 {
					heard <- struct{}{}
				}
			}
		})
	}
	var latencies []time.Duration
	start := time.Now()
	for range n {
		left.Store(audience)
		sent := time.Now()
		if err := wsutil.WriteClientText(sockets[0].Conn, []byte(want)); err != nil {
			return round{}, err
		}
		select {
		case <-heard:
		case err := <-errs:
			for _, s := range sockets {
				s.Close()
			}
			return round{}, err
		}
		latencies = append(latencies, time.Since(sent))
	}
	took := time.Since(start)
	return round{float64(n) / took.Seconds(), median(latencies)}, nil
}

// Of the part "sockets": so many idle sockets are held by so many objects.
const (
	idleSockets = 9000
	idleRooms   = 9
)

// idle measures what idle hibernating sockets take.
func idle(ctx context.Context, p programSet, _ int) error {
	var rows [][]string
	for _, s := range []starter{lattice, javascript, localHost} {
		targets, stop, err := start(ctx, p, s)
		if err != nil {
			return err
		}
		got, err := residentWithSockets(targets[0])
		stop()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		each := fmt.Sprintf("%.1f KB", float64(got[1]-got[0])/idleSockets/1024)
		rows = append(rows, []string{s.name, megabytes(got[0]), megabytes(got[1]), each})
	}
	table("Resident memory with idle sockets", []string{"", "one in each object", fmt.Sprintf("%d in %d objects", idleSockets, idleRooms), "each"}, rows...)
	return nil
}

// residentWithSockets returns the resident memory with one socket in each object, and with all.
func residentWithSockets(t target) (got [2]int64, err error) {
	first, err := openSockets(t.url, "/socket/*", idleRooms, func(i int) int { return i })
	if err != nil {
		return got, err
	}
	defer func() { closeAll(first) }()
	if got[0], err = t.resident(); err != nil {
		return got, err
	}
	rest, err := openSockets(t.url, "/socket/*", idleSockets-idleRooms, func(i int) int { return i % idleRooms })
	if err != nil {
		return got, err
	}
	first = append(first, rest...)
	got[1], err = t.resident()
	return got, err
}

func closeAll(sockets []*socket) {
	for _, s := range sockets {
		s.Close()
	}
}
