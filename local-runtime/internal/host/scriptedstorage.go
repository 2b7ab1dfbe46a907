package host

import (
	"math"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Storage implements js.Outside. What it writes is committed when the turn ends, before anything leaves that the object says.
func (p *program) Storage(method string, args []abi.Value) (abi.Value, error) {
	if p.store == nil {
		return nil, abi.Errorf("only a Durable Object has storage")
	}
	do := storageOps[method]
	if do == nil {
		return nil, abi.Errorf("the local host's storage has no %s", method)
	}
	if p.turns.failure != nil {
		return nil, abi.Errorf("Durable Object storage is no longer accessible.")
	}
	result, err := do(p, p.store, args)
	if err == nil {
		p.turns.transactions += nesting[method]
		if alarmOps[method] {
			p.turns.alarmChanged = true
			if run := p.owner.alarm; run != nil {
				run.replaced = true
			}
		}
	}
	return result, err
}

var nesting = map[string]int{"savepoint": 1, "release": -1, "rollback": -1}

var alarmOps = map[string]bool{"setAlarm": true, "deleteAlarm": true, "deleteAll": true}

var storageOps = map[string]func(p *program, d *storage.DB, a arguments) (abi.Value, error){
	"get": func(_ *program, d *storage.DB, a arguments) (abi.Value, error) {
		found, err := d.Get(texts(a.list(0)))
		return pairs(found), err
	},
	"put": func(_ *program, d *storage.DB, a arguments) (abi.Value, error) {
		var entries []abi.Field
		for _, e := range a.list(0) {
			pair, _ := e.(abi.Array)
			entries = append(entries, abi.Field{Name: arguments(pair).text(0), Value: arguments(pair).at(1)})
		}
		return nil, d.Put(entries)
	},
	"delete": func(_ *program, d *storage.DB, a arguments) (abi.Value, error) {
		n, err := d.Delete(texts(a.list(0)))
		return int64(n), err
	},
	"list":      storedList,
	"deleteAll": func(_ *program, d *storage.DB, _ arguments) (abi.Value, error) { return nil, d.DeleteAll() },
	"savepoint": func(_ *program, d *storage.DB, _ arguments) (abi.Value, error) { return nil, d.Savepoint() },
	"release":   func(_ *program, d *storage.DB, _ arguments) (abi.Value, error) { return nil, d.Release() },
	"rollback":  func(_ *program, d *storage.DB, _ arguments) (abi.Value, error) { return nil, d.RollbackTo() },

	"exec": storedExec,
	"size": func(_ *program, d *storage.DB, _ arguments) (abi.Value, error) { return d.Size() },

	"getAlarm":    storedAlarm,
	"setAlarm":    setStoredAlarm,
	"deleteAlarm": func(_ *program, d *storage.DB, _ arguments) (abi.Value, error) { return nil, d.ClearAlarm() },
}

func storedList(_ *program, d *storage.DB, a arguments) (abi.Value, error) {
	o := a.object(0)
	text := func(name string) *string {
		if s, ok := o.Get(name).(string); ok {
			return &s
		}
		return nil
	}
	list := abi.ListOptions{Start: text("start"), StartAfter: text("startAfter"), End: text("end"), Prefix: text("prefix")}
	list.Reverse, _ = o.Get("reverse").(bool)
	if n, ok := o.Get("limit").(int64); ok {
		limit := float64(n)
		list.Limit = &limit
	}
	found, err := d.List(list)
	return pairs(found), err
}

// storedExec runs statements, and reads all rows: exec(query, bindings).
func storedExec(_ *program, d *storage.DB, a arguments) (abi.Value, error) {
	columns, page, err := d.Exec(a.text(0), a.list(1), maxPage)
	rows := abi.Array{}
	for {
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			rows = append(rows, abi.Array(row))
		}
		if page.Cursor == 0 {
			break
		}
		page, err = d.Next(page.Cursor, maxPage)
	}
	names := abi.Array{}
	for _, c := range columns {
		names = append(names, c)
	}
	return abi.Object{{Name: "columns", Value: names}, {Name: "rows", Value: rows},
		{Name: "rowsRead", Value: int64(page.RowsRead)}, {Name: "rowsWritten", Value: int64(page.RowsWritten)}}, nil
}

func storedAlarm(p *program, d *storage.DB, _ arguments) (abi.Value, error) {
	at, ok, err := d.Alarm()
	if run := p.owner.alarm; !ok || err != nil || run != nil && !run.replaced {
		return nil, err // the alarm whose handler runs is not set any more
	}
	return at, nil
}

// setStoredAlarm is setAlarm(milliseconds).
func setStoredAlarm(p *program, d *storage.DB, a arguments) (abi.Value, error) {
	at := math.NaN()
	switch n := a.at(0).(type) {
	case int64:
		at = float64(n)
	case float64:
		at = math.Trunc(n)
	}
	switch {
	case math.IsNaN(at):
		return nil, abi.TypeErrorf("The value cannot be converted because it is not a valid Date.")
	case at <= 0:
		return nil, abi.TypeErrorf("setAlarm() cannot be called with an alarm time <= 0")
	case at > maxAlarm:
		return nil, abi.TypeErrorf("This API doesn't support dates after 2189.")
	}
	at = max(at, float64(p.Now().UnixMilli()))
	if err := p.host.markAlarm(p.owner.key); err != nil {
		return nil, err
	}
	if name := p.owner.name; name != nil {
		if err := d.SetName(*name); err != nil {
			return nil, err
		}
	}
	return nil, d.SetAlarm(at)
}

// followAlarm schedules what the object's storage says, as Isolate.followAlarm does for an object in Go. The isolate of its key keeps its alarm.
func (o *scripted) followAlarm() {
	at, ok, err := o.program.store.Alarm()
	if err != nil {
		o.host.cfg.Logger.Error("the alarm of an object cannot be read", "class", o.key.class, "id", o.key.id, "error", err)
		return
	}
	s := o.host.isolateOf(o.key)
	s.post(func() {
		a := s.alarms[o.key]
		switch {
		case a != nil && ok && (a.running || a.retries):
			a.next, a.removed = &at, false
		case a != nil && a.running:
			a.next, a.removed = nil, true
		default:
			s.setAlarm(o.key, at, ok)
		}
	})
}

// alarmScripted runs the alarm handler of an object.
func (h *Host) alarmScripted(k key, at float64, run *alarmRun, done func(*abi.Error)) {
	o := h.object(k, nil)
	info := abi.Object{{Name: "retryCount", Value: int64(run.retry)}, {Name: "isRetry", Value: run.retry > 0}, {Name: "scheduledTime", Value: at}}
	e := &objectEvent{done: func(_ abi.Value, _ *js.Body, err error) {
		o.alarm = nil
		if err != nil {
			done(asError(err))
			return
		}
		done(nil)
	}}
	if !o.loop.post(func() {
		o.active++
		o.wake(func(failed error) {
			if failed != nil {
				e.answer(nil, nil, failed)
				o.over(nil)
				return
			}
			p := o.program
			o.alarm = run
			o.running[e] = true
			p.vm.Enter(func() {
				p.vm.Event("objectAlarm", []abi.Value{info}, nil, func(_ abi.Value, _ *js.Body, err error) {
					delete(o.running, e)
					if err == nil && !run.replaced {
						err = p.store.ClearAlarm()
					}
					o.loop.post(func() { o.over(p) })
					p.output(func() { e.answer(nil, nil, err) }, func(lost error) { e.answer(nil, nil, lost) })
				})
			})
		})
	}) {
		done(errClosed)
	}
}

// withStore runs f with the storage of an object, whether it is in memory or not.
func (h *Host) withStore(k key, f func(*storage.DB) error) error {
	h.mu.Lock()
	o := h.scripted[k]
	h.mu.Unlock()
	err := error(errClosed)
	open := func() {
		store, failed := storage.OpenAt(h.path(k), h.cfg.Clock.Now)
		if err = failed; err == nil {
			defer store.Close()
			err = f(store)
		}
	}
	if o == nil {
		open()
		return err
	}
	o.loop.do(func() {
		if o.program != nil && o.program.store != nil {
			err = f(o.program.store)
			return
		}
		open()
	})
	return err
}

func texts(list abi.Array) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = arguments(list).text(i)
	}
	return out
}

func pairs(list []abi.Field) abi.Array {
	out := abi.Array{}
	for _, f := range list {
		out = append(out, abi.Array{f.Name, f.Value})
	}
	return out
}
