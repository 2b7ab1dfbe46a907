package profile

import (
	"encoding/binary"
	"io"
	"sync"
	"time"

	pprof "github.com/google/pprof/profile"

	"grove.place/lattice/internal/symbols"
)

// Period is how often a running program is asked where it is.
const Period = 10 * time.Millisecond

// Profile counts where a program was. Any goroutine may add to it.
type Profile struct {
	table  *symbols.Table
	began  time.Time
	took   time.Duration
	mu     sync.Mutex
	counts map[string]*sample
	order  []*sample
}

type sample struct {
	trace []uint64
	n     int64
}

// New returns a profile without samples, of the module with that table.
func New(table *symbols.Table) *Profile {
	return &Profile{table: table, counts: map[string]*sample{}}
}

// Begin and End enclose the time that the profile is of.
func (p *Profile) Begin() { p.began = time.Now() }
func (p *Profile) End()   { p.took = time.Since(p.began) }

// Add counts a stack, the innermost program counter first, for so many periods.
func (p *Profile) Add(trace []uint64, periods int) {
	var name []byte
	for _, pc := range trace {
		name = binary.LittleEndian.AppendUint64(name, pc)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.counts[string(name)]
	if s == nil {
		s = &sample{trace: trace}
		p.counts[string(name)] = s
		p.order = append(p.order, s)
	}
	s.n += int64(periods)
}

// Write writes the profile as "go tool pprof" reads it.
func (p *Profile) Write(w io.Writer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := &pprof.Profile{
		SampleType:    []*pprof.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType:    &pprof.ValueType{Type: "cpu", Unit: "nanoseconds"},
		Period:        int64(Period),
		TimeNanos:     p.began.UnixNano(),
		DurationNanos: int64(p.took),
	}
	e := encoder{p.table, out, map[uint64]*pprof.Location{}, map[string]*pprof.Function{}}
	for _, s := range p.order {
		out.Sample = append(out.Sample, &pprof.Sample{Location: e.locations(s.trace), Value: []int64{s.n, s.n * int64(Period)}})
	}
	return out.Write(w)
}

type encoder struct {
	table     *symbols.Table
	out       *pprof.Profile
	places    map[uint64]*pprof.Location
	functions map[string]*pprof.Function
}

func (e *encoder) locations(trace []uint64) (list []*pprof.Location) {
	for _, pc := range trace {
		at := e.places[pc]
		if at == nil {
			at = &pprof.Location{ID: uint64(len(e.out.Location) + 1), Address: pc}
			for _, c := range e.table.At(pc) {
				at.Line = append(at.Line, pprof.Line{Function: e.function(c), Line: int64(c.Line)})
			}
			e.places[pc] = at
			e.out.Location = append(e.out.Location, at)
		}
		list = append(list, at)
	}
	return list
}

func (e *encoder) function(c symbols.Call) *pprof.Function {
	f := e.functions[c.Function]
	if f == nil {
		f = &pprof.Function{ID: uint64(len(e.out.Function) + 1), Name: c.Function, SystemName: c.Function, Filename: c.File}
		e.functions[c.Function] = f
		e.out.Function = append(e.out.Function, f)
	}
	return f
}
