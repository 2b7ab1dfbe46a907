package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/room"
	"grove.place/lattice/workers/websocket"
)

// chat runs three clients that each send numbered messages to one room, while it is evicted and its connections are dropped in the end. It returns the
// trace and the order in which messages reached the room.
func chat(t *testing.T, seed uint64) (trace []byte, order string) {
	t.Helper()
	var out bytes.Buffer
	o := options()
	o.Trace, o.Logger = &out, quiet()
	sim := local.NewSim(t, o, seed)
	clients, sent := 3, 0
	var came []string
	for i := range clients {
		name := fmt.Sprint("c", i)
		sim.Go(name, func(ctx context.Context) error {
			conn, _, err := websocket.Dial(ctx, "ws://room/hibernate?tag="+name, &websocket.DialOptions{Fetch: room.Rooms.GetByName("sim").Fetch})
			if err != nil {
				return err
			}
			for n := range 4 {
				if err := conn.SendText(ctx, fmt.Sprint(name, ".", n)); err != nil {
					return err
				}
			}
			for n := range 4 {
				m, err := conn.Receive(ctx)
				if err != nil {
					return err
				}
				came = append(came, m.Text())
				if want := fmt.Sprint(name, ".", n); m.Text() != want {
					t.Errorf("seed %d: %s came, want %s: a socket keeps its order", seed, m.Text(), want)
				}
			}
			sent++
			var closed *websocket.CloseError
			if m, err := conn.Receive(ctx); !errors.As(err, &closed) || closed.Code != 1006 || closed.WasClean {
				return fmt.Errorf("got %v, %w, want a connection that is gone", m, err)
			}
			return nil
		})
	}
	sim.Go("network", func(ctx context.Context) error {
		for sent < clients {
			sim.Sleep(time.Millisecond)
			if _, err := sim.EvictAll(); err != nil {
				return err
			}
		}
		n, err := sim.DropSockets("Room", "sim")
		if n != clients || err != nil {
			return fmt.Errorf("dropped %d connections, %w", n, err)
		}
		return nil
	})
	if err := sim.Run(); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	sim.Clock.Advance(0)
	if list := must[[]local.Socket](t)(sim.Sockets("Room", "sim")); len(list) != 0 {
		t.Errorf("seed %d: sockets are left: %+v", seed, list)
	}
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), strings.Join(came, " ")
}

func TestSocketsInSimulations(t *testing.T) {
	orders := map[string]bool{}
	for seed := uint64(1); seed <= 10; seed++ {
		first, order := chat(t, seed)
		second, again := chat(t, seed)
		if !bytes.Equal(first, second) || order != again {
			t.Fatalf("seed %d: the traces differ:\n%s", seed, difference(first, second))
		}
		orders[order] = true
	}
	if len(orders) < 3 {
		t.Errorf("10 seeds found %d orders", len(orders))
	}
}
