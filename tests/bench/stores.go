package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// object is how many bytes a stream to and from R2 has.
const object = 64 << 20

// stores are the operations of bindings.
var stores = []scenario{
	{"D1 point read", "/d1/point", "the title of post number 41", 1200, nil},
	{"D1 batch of 100 inserts", "/d1/batch", "100", 160, nil},
	{"KV get of 1 KB", "/kv/get/*", strings.Repeat("0123456789abcdef", 64), 1200, nil},
	{"KV put of 1 KB", "/kv/put/*", "stored", 600, nil},
	{"R2 put of 64 MB, streamed", "/r2/large", fmt.Sprint(object), 6, upload},
	{"R2 get of 64 MB, streamed", "/r2/large", "", 6, download},
}

// prepare fills the stores of targets.
func prepare(targets []target) error {
	for _, t := range targets {
		paths := []string{"/d1/setup"}
		for c := range connections {
			paths = append(paths, fmt.Sprintf("/kv/put/o%d", c))
		}
		for _, path := range paths {
			if _, err := once(t.url, path); err != nil {
				return fmt.Errorf("%s: %s: %w", t.name, path, err)
			}
		}
	}
	return nil
}

// onStores compares the stores of the local host with those of wrangler dev, on the same module, and Lattice with JavaScript on workerd.
func onStores(ctx context.Context, p programSet, rounds int) error {
	for _, part := range []struct {
		title string
		sides [2]starter
	}{
		{"Stores: the local host against wrangler dev", [2]starter{localHost, wrangler}},
		{"Stores on workerd: Lattice against JavaScript", [2]starter{latticeStores, javascriptStores}},
	} {
		targets, stop, err := start(ctx, p, part.sides[:]...)
		if err != nil {
			return err
		}
		rows, err := storeRows(ctx, p, rounds, targets)
		stop()
		if err != nil {
			return err
		}
		table(part.title, []string{"case", targets[0].name, targets[1].name, "times as fast (median)"}, rows...)
	}
	return nil
}

func storeRows(ctx context.Context, p programSet, rounds int, targets []target) (rows [][]string, err error) {
	if err := prepare(targets); err != nil {
		return nil, err
	}
	for _, s := range p.of(stores) {
		got, err := compare(ctx, s, rounds, targets...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, []string{s.name, got[0].cell(), got[1].cell(), fmt.Sprintf("%.1f×", ratio(got[0], got[1]))})
	}
	return rows, nil
}

// upload sends n objects, one after another.
func upload(base, path, want string, n int) (round, error) {
	return transfers(n, func() error {
		req, err := http.NewRequest(http.MethodPut, base+path, io.LimitReader(&zeros{}, object))
		if err != nil {
			return err
		}
		req.ContentLength = object
		body, err := exchange(req)
		if err == nil && string(body) != want {
			err = fmt.Errorf("%s answered %.100q instead of %q", base+path, body, want)
		}
		return err
	})
}

// download receives the object n times.
func download(base, path, _ string, n int) (round, error) {
	return transfers(n, func() error {
		res, err := http.Get(base + path)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		size, err := io.Copy(io.Discard, res.Body)
		if err == nil && size != object {
			err = fmt.Errorf("%s sent %d bytes, status %d", base+path, size, res.StatusCode)
		}
		return err
	})
}

func exchange(req *http.Request) ([]byte, error) {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

func transfers(n int, one func() error) (round, error) {
	var each []time.Duration
	begun := time.Now()
	for range n {
		sent := time.Now()
		if err := one(); err != nil {
			return round{}, err
		}
		each = append(each, time.Since(sent))
	}
	slices.Sort(each)
	return round{float64(n) / time.Since(begun).Seconds(), each[len(each)/2]}, nil
}

// zeros reads as bytes without an end.
type zeros struct{}

func (*zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
