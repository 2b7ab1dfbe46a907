package host

import (
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
	"grove.place/lattice/local-runtime/internal/storage"
)

// scripted is a Durable Object whose class is written in JavaScript, in the main of a program of github.com/syumai/workers. It has a VM, a loop and
// a storage file, and stays until the host or the build ends. What fails in its constructor makes the next request construct it again.
type scripted struct {
	host  *Host
	key   key
	name  *string
	begun sync.Once

	// on the loop
	program *program
	ready   bool
	failed  error
	waiting []func()
}

// fetchScripted gives a request to an object.
func (h *Host) fetchScripted(k key, name *string, q *abi.Request, body content, r reply) {
	if len(h.cfg.Classes) == 0 {
		r.fail(errNoClasses)
		return
	}
	h.mu.Lock()
	o := h.scripted[k]
	if o == nil {
		o = &scripted{host: h, key: k, name: name, program: &program{host: h, object: true, loop: newLoop(&h.work, h.number), pending: 1, timers: map[int]func(){}, sockets: map[int64]*tcpSocket{}}}
		h.scripted[k] = o
		h.programs[o.program] = true
	}
	h.mu.Unlock()
	fetch := func() {
		if o.failed != nil {
			r.fail(asError(o.failed))
			return
		}
		o.program.vm.Enter(func() { o.program.vm.Event("objectFetch", []abi.Value{requestValue(q)}, bodyFor(body), r.fetched) })
	}
	posted := o.program.loop.post(func() {
		o.begun.Do(o.construct)
		if o.ready {
			fetch()
			return
		}
		o.waiting = append(o.waiting, fetch)
	})
	if !posted {
		r.fail(errClosed)
	}
}

// construct makes the VM and the object in it.
func (o *scripted) construct() {
	p, h := o.program, o.host
	store, err := storage.OpenAt(h.path(o.key), h.cfg.Clock.Now)
	if err != nil {
		o.constructed(err)
		return
	}
	p.store = store
	if p.vm, err = js.New(p); err != nil {
		o.constructed(err)
		return
	}
	var name abi.Value
	if o.name != nil {
		name = *o.name
	}
	p.vm.Enter(func() {
		if err = p.vm.SetUp(environment(h.cfg, h.version)); err == nil {
			err = p.vm.Load(h.cfg.Classes)
		}
		if err != nil {
			o.constructed(err)
			return
		}
		p.vm.Event("construct", []abi.Value{o.key.class, o.key.id, name}, nil, func(_ abi.Value, _ *js.Body, err error) { o.constructed(err) })
	})
}

// constructed lets the requests in that wait.
func (o *scripted) constructed(err error) {
	o.ready, o.failed = true, err
	waiting := o.waiting
	o.waiting = nil
	p := o.program
	p.loop.post(func() {
		for _, f := range waiting {
			f()
		}
		if err == nil {
			return
		}
		o.host.mu.Lock()
		delete(o.host.scripted, o.key)
		o.host.mu.Unlock()
		p.close()
	})
}

// Storage implements js.Outside.
func (p *program) Storage(method string, args []abi.Value) (abi.Value, error) {
	if p.store == nil {
		return nil, abi.Errorf("only a Durable Object has storage")
	}
	result, err := storageOps[method](p.store, args)
	if err == nil {
		err = p.store.Commit()
	}
	return result, err
}

var storageOps = map[string]func(d *storage.DB, a arguments) (abi.Value, error){
	"get": func(d *storage.DB, a arguments) (abi.Value, error) {
		found, err := d.Get(texts(a.list(0)))
		return pairs(found), err
	},
	"put": func(d *storage.DB, a arguments) (abi.Value, error) {
		var entries []abi.Field
		for _, e := range a.list(0) {
			pair, _ := e.(abi.Array)
			entries = append(entries, abi.Field{Name: arguments(pair).text(0), Value: arguments(pair).at(1)})
		}
		return nil, d.Put(entries)
	},
	"delete": func(d *storage.DB, a arguments) (abi.Value, error) {
		n, err := d.Delete(texts(a.list(0)))
		return int64(n), err
	},
	"list": func(d *storage.DB, a arguments) (abi.Value, error) {
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
	},
	"deleteAll": func(d *storage.DB, _ arguments) (abi.Value, error) { return nil, d.DeleteAll() },
	"savepoint": func(d *storage.DB, _ arguments) (abi.Value, error) { return nil, d.Savepoint() },
	"release":   func(d *storage.DB, _ arguments) (abi.Value, error) { return nil, d.Release() },
	"rollback":  func(d *storage.DB, _ arguments) (abi.Value, error) { return nil, d.RollbackTo() },
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
