package symbols

import (
	"encoding/binary"
	"reflect"
	"testing"

	"grove.place/lattice/internal/wasmfile"
)

// image is memory with a table of two functions, laid out as Go 1.26 does. main.work has the blocks 0 to 9, in the last five of which main.inner is inlined, whose call stands in
// block 2; main.idle has no tables.
func image() []byte {
	const (
		at, names, units, paths, tables, entries, stackMaps, end, record = 64, 256, 320, 340, 400, 640, 1024, 1100, 2048
	)
	m := make([]byte, 4096)
	word := func(at int, v uint64) { binary.LittleEndian.PutUint64(m[at:], v) }
	half := func(at int, v uint32) { binary.LittleEndian.PutUint32(m[at:], v) }
	half(at, magic)
	m[at+6], m[at+7] = 1, 8
	for offset, v := range map[int]uint64{8: 2, 32: names - at, 40: units - at, 48: paths - at, 56: tables - at, 64: entries - at} {
		word(at+offset, v)
	}
	copy(m[names:], "main.work\x00main.inner\x00main.idle\x00")
	half(units, 0) // the first file of the unit
	copy(m[paths:], "shop/main.go\x00")
	copy(m[tables+1:], []byte{34, 5, 32, 5, 0}) // stack depths: 16, then 32
	copy(m[tables+6:], []byte{2, 10, 0})        // file 0
	copy(m[tables+9:], []byte{22, 5, 4, 5, 0})  // line 10, then 12
	copy(m[tables+14:], []byte{0, 5, 2, 5, 0})  // no call inlined, then call 0
	const work, idle = 32, 120                  // offsets of _func
	half(entries+4, work)
	half(entries+12, idle)
	f := entries + work
	for offset, v := range map[int]uint32{4: 0, stackDepth: 1, files: 6, lines: 9, 28: 3, 32: 0, 36: 9, 40: 4 << 24, 44 + 4*inlined: 14, 44 + 12 + 4*inlineTree: 16} {
		half(f+offset, v)
	}
	half(entries+idle+4, 21)
	word(record, at)
	word(record+8, names)
	word(record+40*8, stackMaps)
	word(record+41*8, end)
	half(stackMaps+16+4, 10) // main.inner
	half(stackMaps+16+8, 2)
	return m
}

func find(t *testing.T) *Table {
	t.Helper()
	table, err := Find(image())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestATableKnowsFunctionsFilesAndLines(t *testing.T) {
	table := find(t)
	if got := table.Functions(); !reflect.DeepEqual(got, []string{"main.work", "main.idle"}) {
		t.Errorf("functions %q", got)
	}
	work := Call{"main.work", "shop/main.go", 10}
	for block, want := range map[uint32][]Call{2: {work}, 7: {{"main.inner", "shop/main.go", 12}, work}} {
		if got := table.At(PC(0, block)); !reflect.DeepEqual(got, want) {
			t.Errorf("block %d: %v, want %v", block, got, want)
		}
	}
	if got := table.At(PC(1, 0)); !reflect.DeepEqual(got, []Call{{"main.idle", "?", 0}}) {
		t.Errorf("a function without tables: %v", got)
	}
	for _, pc := range []uint64{0, PC(2, 0), PC(-1, 0), 1 << 63} {
		if got := table.At(pc); got != nil {
			t.Errorf("%#x: %v", pc, got)
		}
	}
}

// stack is memory by words.
type stack map[uint32]uint64

func (s stack) ReadUint64Le(at uint32) (uint64, bool) {
	v, ok := s[at]
	return v, ok
}

func TestAStackIsWalkedByTheDepthsOfItsFunctions(t *testing.T) {
	table := find(t)
	m := stack{1032: PC(0, 3), 1056: PC(9, 0)} // 32 bytes of block 7, then 16 of block 2, which the return address follows
	if got, want := table.Trace(m, PC(0, 7), 1000, 10), []uint64{PC(0, 7), PC(0, 2)}; !reflect.DeepEqual(got, want) {
		t.Errorf("%#x, want %#x", got, want)
	}
}

// TestATableThatIsNoneKnowsNothing: a module of another release of Go has no names, and its end is told all the same.
func TestATableThatIsNoneKnowsNothing(t *testing.T) {
	ask(&Table{}, stack{})
	for name, memory := range map[string][]byte{"nothing": nil, "zeros": make([]byte, 4096), "half of it": image()[:1024]} {
		if _, err := Find(memory); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	far := wasmfile.Format([]wasmfile.Section{{ID: wasmfile.Data, Body: wasmfile.FormatSegments([]wasmfile.Segment{{Start: maxMemory, Data: []byte("x")}})}})
	if _, err := Read(far); err == nil {
		t.Error("data beyond what programs have: no error")
	}
}

// ask asks a table everything.
func ask(table *Table, m Memory) {
	table.Functions()
	table.Ranges()
	table.Goroutines(m)
	table.Deep(m)
	table.Text("at wasm://wasm/1:wasm-function[0]:0x10")
	table.TrapStack(m, 0, 8)
	table.Callers(m, 8)
	for i := range 3 {
		for block := range uint32(3) {
			table.At(PC(i, block))
			table.Stack(m, PC(i, block), 8)
		}
	}
	for at := range 64 {
		table.AtOffset(at)
	}
}

// words is memory of which every word is the same.
type words uint64

func (w words) ReadUint64Le(at uint32) (uint64, bool) { return uint64(w), at < 1<<20 }

// FuzzFind: a broken table is refused or knows less, and nothing panics.
func FuzzFind(f *testing.F) {
	f.Add(image(), uint64(0))
	f.Add(image(), PC(0, 3))
	f.Fuzz(func(t *testing.T, memory []byte, word uint64) {
		if table, err := Find(memory); err == nil {
			ask(table, words(word))
		}
	})
}

// body is a function of two of Go's blocks, of which the second begins after a call.
var body = []byte("\x01\x02\x7f\x23\x00\x21\x01\x03\x40\x02\x40\x02\x40\x20\x00\x0e\x01\x00\x01\x0b\x10\x05\x0b\x01\x01\x0b\x0b")

func module() []byte {
	code := append([]byte{1, byte(len(body))}, body...)
	return wasmfile.Format([]wasmfile.Section{
		{ID: wasmfile.Code, Body: code}, {ID: wasmfile.Data, Body: wasmfile.FormatSegments([]wasmfile.Segment{{Start: 0, Data: image()}})},
	})
}

func TestAByteOfTheCodeBelongsToABlock(t *testing.T) {
	for offset, want := range map[int]int{0: 0, 20: 0, 23: 1} {
		if got := blockAt(body, offset); got != want {
			t.Errorf("byte %d is in block %d, want %d", offset, got, want)
		}
	}
	table, err := Read(module())
	if err != nil {
		t.Fatal(err)
	}
	if got := table.AtOffset(table.code.starts[0] + 20); len(got) != 1 || got[0].Function != "main.work" {
		t.Errorf("%v", got)
	}
}

// FuzzRead: a broken module is an error, or knows less.
func FuzzRead(f *testing.F) {
	f.Add(module())
	f.Fuzz(func(t *testing.T, module []byte) {
		if table, err := Read(module); err == nil {
			ask(table, words(8))
		}
	})
}
