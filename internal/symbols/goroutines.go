package symbols

import "fmt"

// Goroutine is one goroutine of a program that does not run at the moment.
type Goroutine struct {
	ID      uint64
	Status  byte   // of runtime.g: Running, Waiting …
	Waits   string // what for, as Go's traces say it; "": it does not wait
	Stack   []Call // the innermost first; nil unless it is asked for with Table.StackOf
	Creator Call   // the go statement that began it
	Start   string // the function that it began with

	pc uint64
	sp uint32
}

// Statuses of goroutines (runtime/runtime2.go).
const (
	Runnable  = 1
	Running   = 2
	Waiting   = 4
	Dead      = 6
	CopyStack = 8
)

// Fields of runtime.g of Go 1.26.
const (
	gStackLow  = 0
	gStackHigh = 8
	gSchedSP   = 56
	gSchedPC   = 64
	gStatus    = 144
	gID        = 152
	gReason    = 176
	gCreator   = 288
	gStart     = 304
	gSize      = 312
)

// most is how many goroutines are believed in.
const most = 1 << 20

// Goroutines lists the goroutines that have not ended: what the variable runtime.allgs holds. That has no name in a module without symbols, but it is the only
// slice of pointers whose first elements are the goroutines 1 and 2. The list is empty when the runtime is of another release.
func (t *Table) Goroutines(m Memory) []Goroutine {
	for _, i := range []int{28, 26} {
		at, end := t.field(i), t.field(i+1)
		if at < 0 || end > 1<<32 || end-at > maxMemory {
			continue
		}
		for ; at+24 <= end; at += 8 {
			if list, n, ok := slice(m, at); ok && goid(m, list, 0) == 1 && goid(m, list, 1) == 2 {
				return t.goroutines(m, list, n)
			}
		}
	}
	return nil
}

// slice reads a slice header of two elements or more.
func slice(m Memory, at int) (list uint32, n int, ok bool) {
	p, _ := m.ReadUint64Le(uint32(at))
	length, _ := m.ReadUint64Le(uint32(at) + 8)
	capacity, ok := m.ReadUint64Le(uint32(at) + 16)
	if !ok || p == 0 || p >= 1<<32 || length < 2 || length > capacity || capacity > most {
		return 0, 0, false
	}
	return uint32(p), int(length), true
}

// goid is the number of a goroutine, or 0 for what is none.
func goid(m Memory, list uint32, i int) uint64 {
	g, ok := m.ReadUint64Le(list + 8*uint32(i))
	if !ok || g == 0 || g >= 1<<32 {
		return 0
	}
	id, _ := m.ReadUint64Le(uint32(g) + gID)
	low, _ := m.ReadUint64Le(uint32(g) + gStackLow)
	high, ok := m.ReadUint64Le(uint32(g) + gStackHigh)
	if !ok || low >= high && low != 0 {
		return 0
	}
	return id
}

func (t *Table) goroutines(m Memory, list uint32, n int) []Goroutine {
	var all []Goroutine
	for i := range n {
		at, ok := m.ReadUint64Le(list + 8*uint32(i))
		if !ok {
			break
		}
		field := func(offset uint32) uint64 {
			v, _ := m.ReadUint64Le(uint32(at) + offset)
			return v
		}
		g := Goroutine{ID: field(gID), Status: byte(field(gStatus)), pc: field(gSchedPC), sp: uint32(field(gSchedSP)), Start: t.name(field(gStart))}
		if g.Status == Dead || g.Status == 0 {
			continue
		}
		if g.Status == Waiting {
			g.Waits = reason(byte(field(gReason)))
		}
		if pc := field(gCreator); pc > 0 {
			if calls := t.At(pc - 1); len(calls) > 0 {
				g.Creator = calls[0]
			}
		}
		all = append(all, g)
	}
	return all
}

// StackOf are the calls of a goroutine that is not running.
func (t *Table) StackOf(m Memory, g Goroutine) []Call { return t.Stack(m, g.pc, g.sp) }

// Deep is the stack of the goroutine whose stack was growing when the program ended for want of memory: the reason is its recursion. It is nil for any
// other end.
func (t *Table) Deep(m Memory) []Call {
	for _, g := range t.Goroutines(m) {
		if g.Status != CopyStack {
			continue
		}
		trace := t.Trace(m, g.pc, g.sp, 1<<22)
		if n := len(trace); n > 2*deepest {
			calls := t.calls(trace[:deepest/2])
			calls = append(calls, Call{Function: fmt.Sprintf("… %d calls …", n-deepest)})
			return append(calls, t.calls(trace[n-deepest/2:])...)
		}
	}
	return nil
}

// waits are the words of Go's traces for what programs wait for (runtime.waitReason).
var waits = map[byte]string{
	13: "semacquire", 14: "sleep", 15: "chan receive (nil chan)", 16: "chan send (nil chan)", 17: "select (no cases)", 18: "select", 19: "chan receive", 20: "chan send",
	21: "sync.Cond.Wait", 22: "sync.Mutex.Lock", 23: "sync.RWMutex.RLock", 24: "sync.RWMutex.Lock", 25: "sync.WaitGroup.Wait",
}

func reason(n byte) string {
	if text, ok := waits[n]; ok {
		return text
	}
	return "waiting"
}
