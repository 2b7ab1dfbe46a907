package local_test

import (
	"crypto/sha256"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
)

// noise is so many bytes that repeat late, and the hash of what was read of them.
type noise struct {
	left int64
	next uint32
	sum  hash.Hash
}

func (n *noise) Read(p []byte) (int, error) {
	p = p[:min(int64(len(p)), n.left)]
	if len(p) == 0 {
		return 0, io.EOF
	}
	for i := range p {
		n.next = n.next*1664525 + 1013904223
		p[i] = byte(n.next >> 24)
	}
	n.left -= int64(len(p))
	n.sum.Write(p)
	return len(p), nil
}

// A Worker passes a request's body on to a bucket, and an object on to a response, without ever having it in memory.
func TestALargeObjectGoesThroughAWorker(t *testing.T) {
	host := local.StartTest(t, desk())
	server := httptest.NewServer(host)
	defer server.Close()
	put := func(size int64) {
		t.Helper()
		up, down := &noise{left: size, sum: sha256.New()}, sha256.New()
		req, err := http.NewRequestWithContext(t.Context(), "PUT", server.URL+"/large", up)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = size
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if n, err := io.Copy(down, resp.Body); err != nil || n != size || string(down.Sum(nil)) != string(up.sum.Sum(nil)) {
			t.Fatalf("status %d, %d bytes of %d came back, or others: %v", resp.StatusCode, n, size, err)
		}
	}
	put(1 << 20)
	before := host.Memory()
	put(32 << 20)
	if grown := host.Memory() - before; grown > 16<<20 {
		t.Errorf("the Worker took %d MB for 32 MB", grown>>20)
	}
}

// What has no length is held, and what is too much for that is refused before the instance runs out of memory, with all that it serves.
func TestContentOfUnknownLengthIsHeldToALimit(t *testing.T) {
	host := local.StartTest(t, desk())
	server := httptest.NewServer(host)
	defer server.Close()
	for size, want := range map[int64]int{30 << 20: 200, 30<<20 + 1: 500} {
		req, err := http.NewRequestWithContext(t.Context(), "PUT", server.URL+"/unknown", &noise{left: size, sum: sha256.New()})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if resp.StatusCode != want || err != nil {
			t.Errorf("%d bytes: %d %.200s, %v", size, resp.StatusCode, body, err)
		}
		if want == 500 && !strings.Contains(string(body), "upload it in parts") {
			t.Errorf("refused with %s", body)
		}
	}
}

// unread counts what is read of a request's body.
type unread struct{ bytes int }

func (u *unread) Read(p []byte) (int, error) {
	u.bytes += len(p)
	return len(p), nil
}

// connection is a response that a body can be drained beside.
type connection struct{ *httptest.ResponseRecorder }

func (connection) SetReadDeadline(time.Time) error { return nil }

// A client that expects 100 Continue sends its body when somebody reads; the rest of what others send is read so that they see the answer.
func TestABodyThatWasNotAskedForIsNotWaitedFor(t *testing.T) {
	host := local.StartTest(t, desk())
	for expect, want := range map[string]bool{"100-continue": false, "": true} {
		body := &unread{}
		req := httptest.NewRequestWithContext(t.Context(), "PUT", "http://desk.example/unread/x", io.LimitReader(body, 1<<20))
		req.ContentLength = 1 << 20
		if expect != "" {
			req.Header.Set("Expect", expect)
		}
		w := connection{httptest.NewRecorder()}
		host.ServeHTTP(w, req)
		if read := body.bytes > 0; read != want || w.Code != http.StatusNoContent {
			t.Errorf("Expect %q: status %d, %d bytes of the body were read", expect, w.Code, body.bytes)
		}
	}
}
