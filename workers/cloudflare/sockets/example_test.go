package sockets_test

import (
	"context"
	"fmt"
	"time"

	"grove.place/lattice/workers/cloudflare/sockets"
)

func ExampleConnect() {
	ask := func(ctx context.Context, name string) error {
		conn, err := sockets.Connect(ctx, "whois.example:43", &sockets.SocketOptions{AllowHalfOpen: true})
		if err != nil {
			return err
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, err = fmt.Fprintf(conn, "%s\r\n", name)
		return err
	}
	_ = ask
}
