package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"grove.place/lattice/internal/relay"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/r2"
)

// connected is a client of a host at the other end of a connection, which ends when far does; served gets how Serve ended.
func connected(t *testing.T) (ctx context.Context, client *relay.Client, far net.Conn, served chan error) {
	t.Helper()
	host, err := local.OpenStores(t.Context(), local.Options{Dir: t.TempDir(), KV: map[string]string{"KEYS": "keys"}, Buckets: map[string]string{"FILES": "files"}, Databases: map[string]local.Database{"DB": {}}})
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	served = make(chan error, 1)
	go func() { served <- relay.Serve(host.Context(), far) }()
	client = relay.NewClient(near)
	t.Cleanup(func() {
		client.Close()
		far.Close()
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	return client.Context(t.Context()), client, far, served
}

func TestOperationsAndStreamsGoThroughAConnection(t *testing.T) {
	ctx, client, _, served := connected(t)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			key := fmt.Sprint("k", n)
			content := bytes.Repeat([]byte{byte(n)}, 300_000+n)
			if _, err := r2.Bucket("FILES").Put(ctx, key, bytes.NewReader(content), nil); err != nil {
				t.Error(err)
				return
			}
			o, err := r2.Bucket("FILES").Get(ctx, key, nil)
			if err != nil || o == nil {
				t.Error(o, err)
				return
			}
			defer o.Body.Close()
			if got, err := io.ReadAll(o.Body); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s: %d bytes, %v", key, len(got), err)
			}
			if err := kv.Namespace("KEYS").Put(ctx, key, string(content), nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := d1.Database("DB").Exec(ctx, "SELECT * FROM nowhere"); err == nil || !strings.Contains(err.Error(), "no such table: nowhere") {
		t.Errorf("an error of the host: %v", err)
	}
	if err := kv.Namespace("OTHER").Put(ctx, "k", "v", nil); err == nil || !strings.Contains(err.Error(), `"OTHER"`) {
		t.Errorf("a binding that is not there: %v", err)
	}
	ended, stop := context.WithCancel(ctx)
	stop()
	if _, err := kv.Namespace("KEYS").Get(ended, "k1", new(string), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("of a context that has ended: %v", err)
	}
	client.Close()
	if err := <-served; err != nil {
		t.Errorf("a connection that was closed: %v", err)
	}
	if err := kv.Namespace("KEYS").Put(ctx, "k", "v", nil); err == nil || !strings.Contains(err.Error(), "lattice dev has ended") {
		t.Errorf("after the end: %v", err)
	}
}

func TestWhatWaitsFailsWhenTheConnectionEnds(t *testing.T) {
	ctx, _, far, _ := connected(t)
	body, more := io.Pipe()
	put := make(chan error, 1)
	go func() {
		_, err := r2.Bucket("FILES").Put(ctx, "k", r2.Sized(body, 1<<20), nil)
		put <- err
	}()
	if _, err := more.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	far.Close()
	more.CloseWithError(io.ErrUnexpectedEOF)
	if err := <-put; err == nil {
		t.Error("it is stored")
	}
}

func TestAnotherLanguageEndsTheConnection(t *testing.T) {
	for name, text := range map[string]string{"a length that is too short": "\x00\x00\x00\x01x", "one that is too long": "\xff\xff\xff\xff", "text": "GET / HTTP/1.1\r\n"} {
		t.Run(name, func(t *testing.T) {
			ctx, _, _, _ := connected(t)
			near, other := net.Pipe()
			go func() {
				_, _ = io.WriteString(near, text)
				near.Close()
			}()
			if err := relay.Serve(ctx, other); err == nil || !strings.Contains(err.Error(), "different versions") {
				t.Errorf("served: %v", err)
			}
		})
	}
}
