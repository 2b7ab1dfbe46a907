// Command app is the program of the test of durables.Tasks: objects whose tasks schedule others.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// Diary notes which of its tasks ran.
type Diary struct {
	storage *durables.Storage
	tasks   *durables.Tasks
}

var (
	diaries = durables.Class("Diary", newDiary)
	begin   = durables.Method(diaries, "begin", (*Diary).begin)
	read    = durables.Method(diaries, "read", (*Diary).read)
)

func newDiary(ctx context.Context, state *durables.State) (*Diary, error) {
	d := &Diary{storage: state.Storage()}
	d.tasks = durables.NewTasks(d.storage)
	_, err := d.storage.SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS diary (entry TEXT)")
	d.tasks.Handle("first", d.note)
	d.tasks.Handle("second", d.note)
	d.tasks.Handle("third", d.note)
	d.tasks.Handle("chain", d.chain)
	d.tasks.Handle("fails once", func(ctx context.Context, info durables.TaskInfo) error {
		if err := d.note(ctx, info); err != nil || info.Attempt > 0 {
			return err
		}
		return errors.New("not yet")
	})
	return d, err
}

func (d *Diary) note(ctx context.Context, info durables.TaskInfo) error {
	_, err := d.storage.SQL().Exec(ctx, "INSERT INTO diary VALUES (?)", info.Name)
	return err
}

// chain sets itself for now as often as it was asked to.
func (d *Diary) chain(ctx context.Context, info durables.TaskInfo) error {
	var left int
	if _, err := d.storage.Get(ctx, "left", &left); err != nil || left == 0 {
		return err
	}
	if err := errors.Join(d.note(ctx, info), d.storage.Put(ctx, "left", left-1)); err != nil {
		return err
	}
	return d.tasks.Schedule(ctx, "chain", time.Now())
}

// begin schedules tasks out of their order, and a chain of n that set themselves.
func (d *Diary) begin(ctx context.Context, n int) (durables.None, error) {
	now := time.Now()
	return durables.None{}, errors.Join(
		d.storage.Put(ctx, "left", n),
		d.tasks.Schedule(ctx, "third", now.Add(900*time.Millisecond)), d.tasks.Schedule(ctx, "first", now.Add(300*time.Millisecond)),
		d.tasks.Schedule(ctx, "second", now.Add(600*time.Millisecond)), d.tasks.Schedule(ctx, "fails once", now),
		d.tasks.Schedule(ctx, "chain", now),
	)
}

func (d *Diary) read(ctx context.Context, _ durables.None) ([]string, error) {
	return durables.All[string](ctx, d.storage.SQL(), "SELECT entry FROM diary ORDER BY rowid")
}

// Alarm runs the tasks that are due.
func (d *Diary) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	return d.tasks.Alarm(ctx, info)
}

func main() {
	namespace := diaries.Namespace("DIARIES")
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{name}/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err == nil {
			_, err = begin.Call(r.Context(), namespace.GetByName(r.PathValue("name")), n)
		}
		reply(w, n, err)
	})
	mux.HandleFunc("GET /{name}", func(w http.ResponseWriter, r *http.Request) {
		entries, err := read.Call(r.Context(), namespace.GetByName(r.PathValue("name")), durables.None{})
		reply(w, entries, err)
	})
	workers.Serve(mux)
}

func reply(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	json.NewEncoder(w).Encode(v)
}
