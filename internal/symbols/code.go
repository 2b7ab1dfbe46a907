package symbols

import (
	"encoding/binary"
	"errors"
	"slices"
	"sort"

	"grove.place/lattice/internal/wasmfile"
)

// code is where the functions of a module are.
type code struct {
	imported int
	starts   []int // of the bodies, in the module
	bodies   [][]byte
}

func readCode(sections []wasmfile.Section) (c code, err error) {
	for _, s := range sections {
		switch s.ID {
		case wasmfile.Imports:
			names, err := wasmfile.ImportedFunctions(s.Body)
			if err != nil {
				return code{}, err
			}
			c.imported = len(names)
		case wasmfile.Code:
			bodies, err := wasmfile.Functions(s.Body)
			if err != nil {
				return code{}, err
			}
			_, at := binary.Uvarint(s.Body)
			for _, b := range bodies {
				_, n := binary.Uvarint(s.Body[at:])
				c.starts = append(c.starts, s.At+at+n)
				at += n + len(b)
			}
			c.bodies = bodies
		}
	}
	return c, nil
}

// AtOffset are the calls that a byte of the module belongs to, as engines name places in Wasm code: the innermost first. They are nil for a byte that is
// no code.
func (t *Table) AtOffset(offset int) []Call {
	i := sort.SearchInts(t.code.starts, offset+1) - 1
	if i < 0 || i >= t.count || offset >= t.code.starts[i]+len(t.code.bodies[i]) {
		return nil
	}
	return t.function(i).calls(blockAt(t.code.bodies[i], offset-t.code.starts[i]))
}

// ofIndex is the function that engines give a number: imported functions come first. Without a place in it its first line is all that is known.
func (t *Table) ofIndex(number int) (Call, bool) {
	i := number - t.code.imported
	if i < 0 || i >= t.count {
		return Call{}, false
	}
	f := t.function(i)
	file, _ := f.place(0)
	return Call{f.name(), file, f.startLine()}, true
}

var errPlain = errors.New("this function has one block")

// blockAt is the block of a function, as Go's tables count them, that an offset in its body belongs to. The compiler begins a block after each call, and each
// jump lands on one: the function begins with a br_table from blocks to the ends of nested Wasm blocks, and what follows one of those ends is theirs.
func blockAt(body []byte, offset int) int {
	targets, at, err := dispatch(body)
	if err != nil {
		return 0
	}
	passed, depth := -1, 0
	for at < len(body) {
		in, err := wasmfile.Next(body, at)
		if err != nil {
			return 0
		}
		if at > offset {
			break
		}
		switch in.Op {
		case wasmfile.Block, wasmfile.Loop, wasmfile.If:
			depth++
		case wasmfile.End:
			if depth == 0 {
				passed++
			} else {
				depth--
			}
		}
		at = in.End
	}
	block := 0
	for i, target := range targets {
		if target == passed {
			block = i
		}
	}
	return block
}

// dispatch finds the br_table at the beginning of a function: to which nested block each of Go's blocks leads, and where the code goes on.
func dispatch(body []byte) (targets []int, at int, err error) {
	if at, err = wasmfile.Locals(body); err != nil {
		return nil, 0, err
	}
	head := []byte{wasmfile.GlobalGet, wasmfile.LocalSet, wasmfile.Loop, wasmfile.Block, wasmfile.LocalGet, wasmfile.BrTable}
	for at < len(body) {
		in, err := wasmfile.Next(body, at)
		if err != nil || !slices.Contains(head, in.Op) {
			return nil, 0, errPlain
		}
		at = in.End
		if in.Op == wasmfile.BrTable {
			return in.Targets, at, nil
		}
	}
	return nil, 0, errPlain
}
