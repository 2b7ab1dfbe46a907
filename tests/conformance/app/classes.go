package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// self is what object cases work with, in whichever class they run.
type self struct {
	state *durables.State
	st    *durables.Storage
	kv    *durables.SyncKV
	sql   *durables.SQL
	class string
	arg   map[string]any
	home  *self // the object's own, where arg is set

	mu  sync.Mutex
	log []string
}

func (s *self) note(line string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, line)
	return len(s.log)
}

func (s *self) notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.log...)
}

func newSelf(class string, state *durables.State) *self {
	return &self{state: state, st: state.Storage(), kv: state.Storage().KV(), sql: state.Storage().SQL(), class: class}
}

// Obj is the class of nearly every case; Other has no alarm and no fetch; Fragile may fail to be constructed.
type (
	Obj     struct{ *self }
	Other   struct{ *self }
	Fragile struct{}
)

var (
	objClass     = durables.Class("Obj", func(_ context.Context, s *durables.State) (*Obj, error) { return &Obj{newSelf("Obj", s)}, nil })
	otherClass   = durables.Class("Other", func(_ context.Context, s *durables.State) (*Other, error) { return &Other{newSelf("Other", s)}, nil })
	fragileClass = durables.Class("Fragile", construct)
)

func objects() *durables.Namespace[Obj]      { return objClass.Namespace("OBJ") }
func others() *durables.Namespace[Other]     { return otherClass.Namespace("OTHER") }
func fragiles() *durables.Namespace[Fragile] { return fragileClass.Namespace("FRAGILE") }

var (
	run      = durables.Method(objClass, "run", func(o *Obj, ctx context.Context, p RunParams) (any, error) { return o.run(ctx, p) })
	echo     = durables.Method(objClass, "echo", func(_ *Obj, _ context.Context, v any) (any, error) { return v, nil })
	none     = durables.Method(objClass, "none", func(*Obj, context.Context, durables.None) (durables.None, error) { return durables.None{}, nil })
	double   = durables.Method(objClass, "double", func(_ *Obj, _ context.Context, n float64) (float64, error) { return n * 2, nil })
	greet    = durables.Method(objClass, "greet", (*Obj).greet)
	optional = durables.Method(objClass, "optional", (*Obj).optional)
	fail     = durables.Method(objClass, "fail", (*Obj).fail)
	zeroes   = durables.Method(objClass, "big", func(_ *Obj, _ context.Context, n int) ([]byte, error) { return make([]byte, n), nil })
	slow     = durables.Method(objClass, "slow", (*Obj).slow)
	appends  = durables.Method(objClass, "append", func(o *Obj, _ context.Context, line string) (int, error) { return o.note(line), nil })
	logged   = durables.Method(objClass, "log", func(o *Obj, _ context.Context, _ durables.None) ([]string, error) { return o.notes(), nil })
	ping     = durables.Method(objClass, "ping", func(o *Obj, ctx context.Context, p Ping) ([]string, error) { return o.ping(ctx, p) })

	otherRun = durables.Method(otherClass, "run", func(o *Other, ctx context.Context, p RunParams) (any, error) { return o.run(ctx, p) })
	_        = durables.Method(otherClass, "ping", func(o *Other, ctx context.Context, p Ping) ([]string, error) { return o.ping(ctx, p) })

	hello = durables.Method(fragileClass, "hello", func(*Fragile, context.Context, durables.None) (string, error) { return "constructed", nil })
)

// RunParams names the object case to run.
type RunParams struct {
	Name string         `json:"name"`
	Arg  map[string]any `json:"arg"`
}

func (s *self) run(ctx context.Context, p RunParams) (any, error) {
	f, ok := objectCases[p.Name]
	if !ok {
		return nil, fmt.Errorf("no object case %q", p.Name)
	}
	with := s
	if len(p.Arg) > 0 {
		with = newSelf(s.class, s.state)
		with.arg, with.home = p.Arg, s
	}
	v, err := f(ctx, with)
	return show(v), err
}

// Greeting is a parameter with a field that may be left out.
type Greeting struct {
	Name     string   `json:"name"`
	Greeting *string  `json:"greeting,omitempty"`
	Tags     []string `json:"tags"`
}

// Greeted is the result of greet.
type Greeted struct {
	Text   string   `json:"text"`
	Length int      `json:"length"`
	Tags   []string `json:"tags"`
}

func (o *Obj) greet(_ context.Context, p Greeting) (Greeted, error) {
	word := "Hello"
	if p.Greeting != nil {
		word = *p.Greeting
	}
	return Greeted{word + ", " + p.Name + "!", utf8.RuneCountInString(p.Name), append([]string{}, p.Tags...)}, nil
}

func (o *Obj) optional(_ context.Context, p *Greeting) (string, error) {
	if p == nil {
		return "nothing", nil
	}
	return "got " + p.Name, nil
}

func (o *Obj) fail(_ context.Context, kind string) (durables.None, error) {
	none := durables.None{}
	switch kind {
	case "plain":
		return none, fmt.Errorf("plain failure")
	case "type":
		return none, durables.TypeError("type failure")
	case "range":
		return none, workers.NewError("RangeError", "range failure")
	case "custom":
		return none, workers.NewError("NotFoundError", "custom failure")
	case "props":
		return none, &workers.Error{Name: "Error", Message: "failure with properties", Props: object{
			"code": 404, "detail": object{"key": "k", "tags": []string{"a"}}, "at": time.UnixMilli(5000), "raw": []byte{1, 2}}}
	case "flags":
		return none, &workers.Error{Name: "Error", Message: "failure with flags", Retryable: true, Overloaded: true}
	case "empty":
		return none, workers.NewError("Error", "")
	case "unicode":
		return none, fmt.Errorf("Fehler: größer als 💥\nzweite Zeile")
	default:
		panic("the object panicked")
	}
}

// Slow is the parameter of slow.
type Slow struct {
	Name string `json:"name"`
	MS   int    `json:"ms"`
}

func (o *Obj) slow(ctx context.Context, p Slow) ([]string, error) {
	o.note("start " + p.Name)
	if err := sleep(ctx, time.Duration(p.MS)*time.Millisecond); err != nil {
		return nil, err
	}
	o.note("end " + p.Name)
	return o.notes(), nil
}

// Ping asks for N more hops.
type Ping struct {
	Name string `json:"name"`
	N    int    `json:"n"`
	Self bool   `json:"self"` // stay in one class
}

// ping calls the other class until no hops are left, and returns whom it met.
func (s *self) ping(ctx context.Context, p Ping) ([]string, error) {
	me, _ := s.state.ID().Name()
	if p.N == 0 {
		return []string{me}, nil
	}
	var rest []string
	var err error
	if next := (Ping{p.Name, p.N - 1, p.Self}); s.class == "Obj" && !p.Self {
		err = others().GetByName(p.Name).Call(ctx, "ping", &rest, next)
	} else {
		err = objects().GetByName(p.Name).Call(ctx, "ping", &rest, next)
	}
	return append([]string{me}, rest...), err
}

// construct asks the plan object how often the object was constructed, and fails the first times.
func construct(ctx context.Context, state *durables.State) (*Fragile, error) {
	name, _ := state.ID().Name()
	var n int
	if err := objects().GetByName("plan "+name).Call(ctx, "append", &n, "constructed"); err != nil {
		return nil, err
	}
	failures := 0
	switch {
	case strings.HasSuffix(name, "once"):
		failures = 1
	case strings.HasSuffix(name, "always"):
		failures = 99
	}
	if err := state.Storage().KV().Put(ctx, "written", n); err != nil {
		return nil, err
	}
	if n <= failures {
		return nil, workers.NewError("RangeError", fmt.Sprintf("construction %d failed", n))
	}
	return &Fragile{}, nil
}

// ServeHTTP answers the cases about fetching objects.
func (o *Obj) ServeHTTP(w http.ResponseWriter, r *http.Request) { objectHTTP(o.self, w, r) }
