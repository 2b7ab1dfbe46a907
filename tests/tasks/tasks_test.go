// Package tasks runs durables.Tasks on both homes, on the machine's clock: what the tests beside the code show with a virtual clock on the local host
// holds on workerd's alarms as well.
package tasks

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/build"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
)

var objects = map[string]string{"DIARIES": "Diary"}

const (
	diaries = 8
	links   = 10 // of each chain
	// patience is for tasks that are due within a second, one of them again after two.
	patience = 40 * time.Second
)

func TestTasksRunOnBothHomes(t *testing.T) {
	dir := t.TempDir()
	result, err := build.Build(t.Context(), build.Options{Package: "./app", Out: dir, CacheDir: local.TestCacheDir(), NoSizes: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("workerd", func(t *testing.T) {
		t.Parallel()
		d, err := workerd.StartDirect(t.Context(), workerd.DirectOptions{
			Worker: workerd.Worker{Name: "tasks", Dir: dir, Main: filepath.Base(build.WorkerFile), Date: "2026-11-17", Objects: objects},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		keepDiaries(t, d.URL)
		if t.Failed() {
			t.Logf("workerd says:\n%s", d.Output())
		}
	})
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		h, err := local.New(t.Context(), local.Options{Module: result.Module, Name: "tasks", Objects: objects, CacheDir: local.TestCacheDir(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		server := httptest.NewServer(h)
		defer server.Close()
		keepDiaries(t, server.URL)
	})
}

// keepDiaries has many objects run their tasks at the same time.
func keepDiaries(t *testing.T, url string) {
	var wg sync.WaitGroup
	for i := range diaries {
		wg.Go(func() { keepDiary(t, fmt.Sprintf("%s/diary-%d", url, i)) })
	}
	wg.Wait()
}

func keepDiary(t *testing.T, url string) {
	resp, err := http.Post(fmt.Sprint(url, "/", links), "", nil)
	if err != nil {
		t.Error(err)
		return
	}
	resp.Body.Close()
	want := map[string]int{"chain": links, "fails once": 2, "first": 1, "second": 1, "third": 1}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		entries, err := read(url)
		if err != nil {
			t.Error(err)
			return
		}
		if got := counts(entries); fmt.Sprint(got) == fmt.Sprint(want) {
			inOrder := slices.DeleteFunc(entries, func(e string) bool { return e == "chain" || e == "fails once" })
			if !slices.IsSorted(inOrder) { // first, second, third
				t.Errorf("%s: tasks ran in the order %q", url, inOrder)
			}
			return
		} else if time.Now().After(deadline) {
			t.Errorf("%s: runs after %v: %v, want %v", url, patience, got, want)
			return
		}
	}
}

func counts(entries []string) map[string]int {
	n := map[string]int{}
	for _, e := range entries {
		n[e]++
	}
	return n
}

func read(url string) (entries []string, err error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	return entries, json.Unmarshal(body, &entries)
}
