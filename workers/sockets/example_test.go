package sockets_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"time"

	"grove.place/lattice/workers/sockets"
)

func ExampleConnect() {
	http.HandleFunc("/whois/{domain}", func(w http.ResponseWriter, r *http.Request) {
		conn, err := sockets.Connect(r.Context(), "whois.example:43", sockets.Options{})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprintf(conn, "%s\r\n", r.PathValue("domain"))
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			fmt.Fprintln(w, lines.Text())
		}
	})
}

func ExampleConn_StartTLS() {
	_ = func(ctx context.Context) error {
		conn, err := sockets.Connect(ctx, "mail.example:587", sockets.Options{SecureTransport: sockets.StartTLS})
		if err != nil {
			return err
		}
		fmt.Fprint(conn, "STARTTLS\r\n") // after what the server says first
		if conn, err = conn.StartTLS(ctx, ""); err != nil {
			return err
		}
		return conn.Close()
	}
}
