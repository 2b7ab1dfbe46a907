// Package profile finds out what a Go program in Wasm spends its time on. An engine that has compiled a module cannot be interrupted to look at it, so the
// module looks up by itself: Probe has it ask at the beginning of each function and at each turn of a loop whether somebody wants to know where it is. Go
// functions pass one place for both, the loop around their blocks.
//
// The question is a global variable of the module; a Profile sets it a hundred times in a second while the module runs, and then walks its stack. Loops count
// it down besides, so that one without end calls the host now and then: Go's collector of garbage waits for that, and everything else for the collector.
// Start with Probe, go on with Profile.
package profile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"grove.place/lattice/internal/symbols"
	"grove.place/lattice/internal/wasmfile"
)

// Exports of a module that has been through Probe.
const (
	Wanted = "lattice_wanted" // turns of loops until the module calls; Now when somebody wants to know
	Place  = "lattice_place"  // the program counter
)

// Values of Wanted.
const (
	Now   = 1
	Later = 1 << 20 // some milliseconds
)

// carrier is the import that a probe calls, with Asks for an argument. Go calls it after its memory has grown, to no effect on this host; an import of its own
// would give every function another number.
const carrier = "runtime.resetMemoryDataView"

// Asks is the argument of carrier, otherwise a stack pointer, that says that a probe calls.
const Asks = 0xffffffff

// Probe writes a module that says where it is when it is asked.
func Probe(module []byte) ([]byte, error) {
	sections, err := wasmfile.Parse(module)
	if err != nil {
		return nil, err
	}
	p := prober{called: -1}
	for i, s := range sections {
		switch s.ID {
		case wasmfile.Imports:
			names, err := wasmfile.ImportedFunctions(s.Body)
			if err != nil {
				return nil, err
			}
			p.called = slices.Index(names, carrier)
		case wasmfile.Globals:
			n, size := binary.Uvarint(s.Body)
			p.wanted, p.place = n, n+1
			sections[i].Body = slices.Concat(binary.AppendUvarint(nil, n+2), s.Body[size:], variable(0x7f, 0x41), variable(0x7e, 0x42))
		case wasmfile.Exports:
			n, size := binary.Uvarint(s.Body)
			sections[i].Body = slices.Concat(binary.AppendUvarint(nil, n+2), s.Body[size:], export(Wanted, p.wanted), export(Place, p.place))
		case wasmfile.Code:
			bodies, err := wasmfile.Functions(s.Body)
			if err != nil {
				return nil, err
			}
			code := binary.AppendUvarint(nil, uint64(len(bodies)))
			for index, body := range bodies {
				body = p.probe(index, body)
				code = append(binary.AppendUvarint(code, uint64(len(body))), body...)
			}
			sections[i].Body = code
		}
	}
	if p.called < 0 || p.wanted == 0 || p.probed == 0 {
		return nil, errors.New("the module cannot be probed: was it made by another release of Go?")
	}
	return wasmfile.Format(sections), nil
}

// variable is a mutable global that starts as 0: its type, and the opcode of its constants.
func variable(kind, constant byte) []byte { return []byte{kind, 1, constant, 0, wasmfile.End} }

func export(name string, global uint64) []byte {
	const kind = 3
	return binary.AppendUvarint(append(append([]byte{byte(len(name))}, name...), kind), global)
}

type prober struct {
	called        int    // the function that a probe calls
	wanted, place uint64 // globals
	probed        int    // functions
}

// head is how the code of a Go function begins: it takes the stack pointer from its global variable. Then comes, where it calls anything, a block to leave when
// goroutines change, and, where it jumps back, the loop around its blocks.
var head = []byte{wasmfile.GlobalGet, 0, wasmfile.LocalSet, 1}

// probe puts a probe into a function's body, where it passes whenever it begins or goes on with another block. Its first parameter is that block. Functions
// that neither call nor jump back are their callers'.
func (p *prober) probe(index int, body []byte) []byte {
	at, err := wasmfile.Locals(body)
	if err != nil || !bytes.HasPrefix(body[at:], head) {
		return body
	}
	at += len(head)
	begins, loops := at, false
	for _, op := range []byte{wasmfile.Block, wasmfile.Loop} {
		if bytes.HasPrefix(body[at:], []byte{op, wasmfile.Void}) {
			at += 2
			loops = op == wasmfile.Loop
		}
	}
	if at == begins {
		return body
	}
	p.probed++
	b := slices.Clone(body[:at])
	get := binary.AppendUvarint([]byte{wasmfile.GlobalGet}, p.wanted)
	b = append(append(b, get...), 0x41, Now) // i32.const
	if loops {
		const subtract, isZero = 0x6b, 0x45
		b = binary.AppendUvarint(append(b, subtract, wasmfile.GlobalSet), p.wanted)
		b = append(append(b, get...), isZero)
	} else {
		const equal = 0x46
		b = append(b, equal)
	}
	b = append(b, wasmfile.If, wasmfile.Void, 0x42)
	b = wasmfile.AppendSigned(b, int(symbols.PC(index, 0)))
	const extend, or = 0xad, 0x84
	b = binary.AppendUvarint(append(b, wasmfile.LocalGet, 0, extend, or, wasmfile.GlobalSet), p.place)
	b = wasmfile.AppendSigned(append(b, 0x41), -1)
	b = binary.AppendUvarint(append(b, wasmfile.Call), uint64(p.called))
	return append(append(b, wasmfile.End), body[at:]...)
}
