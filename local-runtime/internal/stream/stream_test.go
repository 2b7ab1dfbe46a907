package stream

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestPipeDeliversInOrder(t *testing.T) {
	p := NewPipe()
	go func() {
		for i := range 1000 {
			accepted := make(chan error, 1)
			p.Write(bytes.Repeat([]byte{byte(i)}, 1000), func(err error) { accepted <- err })
			if err := <-accepted; err != nil {
				t.Error(err)
				return
			}
		}
		p.Close()
	}()
	got, err := io.ReadAll(ToReader(p))
	if err != nil || len(got) != 1_000_000 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for i, b := range got {
		if b != byte(i/1000) {
			t.Fatalf("byte %d is %d", i, b)
		}
	}
}

func TestWriterWaitsAtHighWater(t *testing.T) {
	p := NewPipe()
	accepted := 0
	count := func(err error) {
		if err == nil {
			accepted++
		}
	}
	p.Write(make([]byte, HighWater), count)
	p.Write(make([]byte, 1), count)
	if accepted != 1 {
		t.Fatalf("accepted %d of 2 writes", accepted)
	}
	p.Read(1<<20, func([]byte, bool, error) {})
	if accepted != 2 {
		t.Errorf("after a read %d of 2", accepted)
	}
}

func TestEndsOfAPipe(t *testing.T) {
	boom := errors.New("boom")
	t.Run("an abort comes after what was written", func(t *testing.T) {
		p := NewPipe()
		p.Write([]byte("x"), func(error) {})
		p.Abort(boom)
		got, err := io.ReadAll(ToReader(p))
		if string(got) != "x" || err != boom {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("a cancel fails waiting and later writes", func(t *testing.T) {
		p := NewPipe()
		var got []error
		note := func(err error) { got = append(got, err) }
		p.Write(make([]byte, HighWater+1), note)
		p.Cancel(nil)
		p.Write([]byte("y"), note)
		if len(got) != 2 || got[0] != ErrCanceled || got[1] != ErrCanceled {
			t.Errorf("%v", got)
		}
	})
	t.Run("a close wakes the reader", func(t *testing.T) {
		p := NewPipe()
		var eof bool
		p.Read(10, func(_ []byte, e bool, _ error) { eof = e })
		p.Close()
		if !eof {
			t.Error("still waiting")
		}
	})
}

func TestCopy(t *testing.T) {
	boom := errors.New("boom")
	want := bytes.Repeat([]byte("0123456789"), 100_000)
	t.Run("passes everything on, and leaves the pipe open", func(t *testing.T) {
		p := NewPipe()
		copied := make(chan error, 1)
		go Copy(p, FromReader(io.NopCloser(bytes.NewReader(want))), func(err error) {
			p.Write([]byte("the end"), func(error) {})
			p.Close()
			copied <- err
		})
		got, err := io.ReadAll(ToReader(p))
		if err != nil || string(got) != string(want)+"the end" {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if err := <-copied; err != nil {
			t.Error(err)
		}
	})
	t.Run("of what is in memory", func(t *testing.T) {
		from, to := NewPipe(), NewPipe()
		for i := range 100_000 {
			from.Write(want[i:i+1], func(error) {})
		}
		from.Close()
		copied := make(chan error, 1)
		Copy(to, from, func(err error) { to.Close(); copied <- err })
		got, err := io.ReadAll(ToReader(to))
		if err != nil || !bytes.Equal(got, want[:100_000]) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if err := <-copied; err != nil {
			t.Error(err)
		}
	})
	t.Run("fails as its source does", func(t *testing.T) {
		from, to := NewPipe(), NewPipe()
		from.Write([]byte("x"), func(error) {})
		from.Abort(boom)
		copied := make(chan error, 1)
		Copy(to, from, func(err error) { copied <- err })
		if err := <-copied; err != boom {
			t.Errorf("got %v", err)
		}
		if !to.Offer([]byte("more")) {
			t.Error("the pipe takes nothing any more")
		}
	})
	t.Run("fails when the reader has gone", func(t *testing.T) {
		from, to := NewPipe(), NewPipe()
		from.Write(want[:10], func(error) {})
		to.Cancel(boom)
		copied := make(chan error, 1)
		Copy(to, from, func(err error) { copied <- err })
		if err := <-copied; err != boom {
			t.Errorf("got %v", err)
		}
	})
}
