// Package symbols knows the names, files and lines of a Wasm module that the Go compiler made. It needs no debug information, which Cloudflare
// would count: Go's own tables, which stack traces are made of, are in the memory that the module starts with, also when it was linked with -s -w.
//
// A module is therefore its own map. Start with Read; Table.Stack walks the stack of a program that has stopped, and Rewriter puts names into logs.
package symbols

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"grove.place/lattice/internal/wasmfile"
)

// Table is the table of functions of one module, as runtime/symtab.go of Go 1.26 lays it out.
type Table struct {
	memory  []byte // that the module starts with
	start   int    // of the table
	record  int    // the module's record of its parts, which begins with pointers to the table and into it
	names   int    // where the names of functions start
	entries int    // where the index of functions starts
	count   int    // of functions
	code    code
}

// maxMemory is what the memory of a program begins with at most: a broken module is to make nobody reserve more.
const maxMemory = 64 << 20

// Range is a part of memory, and what is in it.
type Range struct {
	Start, End int
	Name       string
}

var errLayout = errors.New("its table of functions is laid out in an unknown way: was it made by another release of Go?")

// Read finds the table of a module.
func Read(module []byte) (*Table, error) {
	sections, err := wasmfile.Parse(module)
	if err != nil {
		return nil, err
	}
	var memory []byte
	for _, s := range sections {
		if s.ID != wasmfile.Data {
			continue
		}
		segments, err := wasmfile.Segments(s.Body)
		if err != nil {
			return nil, err
		}
		for _, s := range segments {
			if s.End() > maxMemory {
				return nil, errLayout
			}
			memory = append(memory, make([]byte, max(0, s.End()-len(memory)))...)
			copy(memory[s.Start:], s.Data)
		}
	}
	t, err := Find(memory)
	if err != nil {
		return nil, err
	}
	if t.code, err = readCode(sections); err != nil {
		return nil, err
	}
	return t, nil
}

const (
	magic  = 0xfffffff1
	header = 72
	fields = 42 // words of the record that count here
)

// Find looks for the table in the memory that a module starts with.
func Find(memory []byte) (*Table, error) {
	t := &Table{memory: memory}
	for at := 0; at+header <= len(memory); at += 8 {
		if t.half(at) != magic || memory[at+6] != 1 || memory[at+7] != 8 {
			continue
		}
		t.start, t.count, t.names, t.entries = at, t.word(at+8), at+t.word(at+32), at+t.word(at+64)
		for m := 0; m+fields*8 <= len(memory); m += 8 {
			if t.word(m) != at || t.word(m+8) != t.names {
				continue
			}
			t.record = m
			if stackMaps, end := t.field(40), t.field(41); stackMaps < t.entries || end < stackMaps || t.count < 0 || t.count > len(memory)/8 {
				return nil, errLayout
			}
			return t, nil
		}
	}
	return nil, errors.New("no table of functions in it: was it made by the Go compiler?")
}

// field is a word of runtime.moduledata.
func (t *Table) field(i int) int { return t.word(t.record + 8*i) }

// Ranges says what is where in memory.
func (t *Table) Ranges() []Range {
	stackMaps, end := t.field(40), t.field(41)
	return []Range{
		{t.names, t.start + t.word(t.start+40), "names of functions"},
		{t.start + t.word(t.start+48), t.start + t.word(t.start+56), "names of files"},
		{t.start + t.word(t.start+56), t.entries, "lines, stack depths and inlined calls"},
		{t.entries, stackMaps, "index of functions"},
		{stackMaps, end, "stack maps"},
		{t.field(37), t.field(38), "types, strings and constants"},
		{t.field(24), t.field(25), "variables without pointers"},
		{t.field(26), t.field(27), "variables with pointers"},
	}
}

// word and half are the numbers at an address, 0 outside the memory.
func (t *Table) word(at int) int {
	if at < 0 || at > len(t.memory)-8 {
		return 0
	}
	return int(binary.LittleEndian.Uint64(t.memory[at:]))
}

func (t *Table) half(at int) int {
	if at < 0 || at > len(t.memory)-4 {
		return 0
	}
	return int(binary.LittleEndian.Uint32(t.memory[at:]))
}

// maxName is how long a name of a function or file may be.
const maxName = 64 << 10

// text is the string at an address, which ends with a zero.
func (t *Table) text(at int) string {
	if at < 0 || at > len(t.memory) {
		return ""
	}
	b := t.memory[at:min(len(t.memory), at+maxName)]
	return string(b[:max(bytes.IndexByte(b, 0), 0)])
}

// Functions are the names in the order of the code section.
func (t *Table) Functions() []string {
	names := make([]string, t.count)
	for i := range names {
		names[i] = t.function(i).name()
	}
	return names
}

// function is an entry of the table.
type function struct {
	t     *Table
	index int // among the functions that the module defines
	at    int // of its _func
}

func (t *Table) function(i int) function {
	return function{t, i, t.entries + t.half(t.entries+8*i+4)}
}

func (f function) name() string   { return f.t.text(f.t.names + f.t.half(f.at+4)) }
func (f function) startLine() int { return f.t.half(f.at + 36) }

// value is what one of the function's tables says of a block; -1 is nothing. The tables are lists of differences: of the value, zigzag, and of the block.
func (f function) value(table, block int) int {
	if table == 0 {
		return -1
	}
	at := f.t.start + f.t.word(f.t.start+56) + table
	if at < 0 || at >= len(f.t.memory) {
		return -1
	}
	b := f.t.memory[at:]
	value, pc := -1, 0
	for {
		delta, n := binary.Uvarint(b)
		if n <= 0 || delta == 0 && pc > 0 {
			return -1
		}
		b = b[n:]
		value += int(int32(uint32(delta)>>1) ^ -int32(delta&1))
		step, n := binary.Uvarint(b)
		if n <= 0 {
			return -1
		}
		b = b[n:]
		if pc += int(step); block < pc {
			return value
		}
	}
}

// The fields of runtime._func that hold offsets of tables.
const (
	stackDepth = 16
	files      = 20
	lines      = 24
	inlined    = 2 // among the pcdata
	inlineTree = 3 // among the funcdata
)

func (f function) lookUp(field, block int) int { return f.value(f.t.half(f.at+field), block) }

// place is the file and line of a block.
func (f function) place(block int) (file string, line int) {
	n := f.lookUp(files, block)
	if n < 0 {
		return "?", 0
	}
	unit := f.t.start + f.t.word(f.t.start+40)
	offset := f.t.half(unit + 4*(f.t.half(f.at+32)+n))
	return f.t.text(f.t.start + f.t.word(f.t.start+48) + offset), f.lookUp(lines, block)
}

// calls are the calls that a block is in: the innermost first, those that the compiler inlined among them.
func (f function) calls(block int) []Call {
	var list []Call
	const pcdata = 44 // where the lists of offsets begin
	count := f.t.half(f.at + 28)
	tree := -1
	if n := f.t.half(f.at+40) >> 24; n > inlineTree {
		if offset := f.t.half(f.at + pcdata + 4*count + 4*inlineTree); offset != 0xffffffff {
			tree = f.t.field(40) + offset
		}
	}
	for tree >= 0 && count > inlined {
		i := f.value(f.t.half(f.at+pcdata+4*inlined), block)
		if i < 0 || len(list) > 100 {
			break
		}
		node := tree + 16*i
		file, line := f.place(block)
		list = append(list, Call{f.t.text(f.t.names + f.t.half(node+4)), file, line})
		block = f.t.half(node + 8)
	}
	file, line := f.place(block)
	return append(list, Call{f.name(), file, line})
}

// Call is one call of a stack, as traces show it.
type Call struct {
	Function string
	File     string
	Line     int
}

func (c Call) String() string {
	if c.File == "" {
		return c.Function
	}
	return fmt.Sprintf("%s\n\t%s:%d", c.Function, c.File, c.Line)
}
