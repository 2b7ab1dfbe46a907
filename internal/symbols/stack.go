package symbols

// Memory is the linear memory of a program that does not run at the moment.
type Memory interface {
	ReadUint64Le(at uint32) (uint64, bool)
}

// firstFunction is where Go's linker begins to number functions. A program counter is a function's number and, in the last 16 bits, a block of it.
const firstFunction = 0x1000

// PC is the program counter of a block of the function with that place among those that the module defines.
func PC(index int, block uint32) uint64 { return uint64(firstFunction+index)<<16 | uint64(block) }

func (t *Table) find(pc uint64) (f function, block int, ok bool) {
	i := int(pc>>16) - firstFunction
	if i < 0 || i >= t.count {
		return function{}, 0, false
	}
	return t.function(i), int(pc & 0xffff), true
}

// At are the calls that a program counter is in, the innermost first.
func (t *Table) At(pc uint64) []Call {
	f, block, ok := t.find(pc)
	if !ok {
		return nil
	}
	return f.calls(block)
}

// deepest is how many frames of a stack are read.
const deepest = 256

// Stack are the calls on the stack of a goroutine, the innermost first: it is at pc, and its stack pointer is sp. The stack may change under the reader; what
// makes no sense any more ends it.
func (t *Table) Stack(m Memory, pc uint64, sp uint32) []Call {
	return t.calls(t.Trace(m, pc, sp, deepest))
}

func (t *Table) calls(trace []uint64) (list []Call) {
	for _, pc := range trace {
		list = append(list, t.At(pc)...)
	}
	return list
}

// Trace are the program counters of a stack, at most limit, for At: those of callers are in the call rather than behind it.
func (t *Table) Trace(m Memory, pc uint64, sp uint32, limit int) []uint64 {
	list := []uint64{pc}
	known := map[uint64]int{} // depths: a recursion passes the same places again and again
	for len(list) < limit {
		depth, seen := known[pc]
		if !seen {
			f, block, ok := t.find(pc)
			if !ok || f.name() == "runtime.goexit" {
				return list[:len(list)-1]
			}
			depth = f.lookUp(stackDepth, block)
			known[pc] = depth
		}
		caller, ok := m.ReadUint64Le(sp + uint32(depth))
		if !ok || depth < 0 {
			break
		}
		pc, sp = caller, sp+uint32(depth)+8
		list = append(list, inCall(pc))
	}
	return list
}

// inCall is the program counter of the call that returns to pc.
func inCall(pc uint64) uint64 {
	if pc&0xffff == 0 {
		return pc
	}
	return pc - 1
}

// Callers are the calls that led to one into the host, whose arguments lie above sp.
func (t *Table) Callers(m Memory, sp uint32) []Call {
	caller, ok := m.ReadUint64Le(sp)
	if !ok {
		return nil
	}
	trace := t.Trace(m, caller, sp+8, deepest)
	if len(trace) > 0 {
		trace[0] = inCall(caller)
	}
	return t.calls(trace)
}

// TrapStack are the calls on the stack of a program that the engine has stopped in the function with that number, somewhere: imported functions count.
func (t *Table) TrapStack(m Memory, number int, sp uint32) []Call {
	i := number - t.code.imported
	if i < 0 || i >= t.count {
		return nil
	}
	best := t.Trace(m, PC(i, 0), sp, deepest) // it has not made room for its variables yet
	for block := range 8 {
		if other := t.Trace(m, PC(i, uint32(block)), sp, deepest); len(other) > len(best) {
			best = other
		}
	}
	return t.calls(best)
}

func (t *Table) name(pc uint64) string {
	f, _, ok := t.find(pc)
	if !ok {
		return ""
	}
	return f.name()
}
