package wasmfile

import (
	"encoding/binary"
	"errors"
)

// Opcodes (WebAssembly Core Specification 2.0, section 5.4).
const (
	Block     = 0x02
	Loop      = 0x03
	If        = 0x04
	End       = 0x0b
	Br        = 0x0c
	BrTable   = 0x0e
	Call      = 0x10
	GlobalGet = 0x23
	GlobalSet = 0x24
	LocalGet  = 0x20
	LocalSet  = 0x21
)

// Void is the type of a block without results.
const Void = 0x40

// Locals returns how many bytes at the beginning of a function's body declare its locals.
func Locals(body []byte) (int, error) {
	r := reader{b: body}
	for n := r.number(); n > 0 && r.err == nil; n-- {
		r.number()
		r.bytes(1)
	}
	return len(body) - len(r.b), r.err
}

// Instruction is one instruction of a function's body.
type Instruction struct {
	At, End int // its bytes in the body
	Op      byte
	Targets []int // of BrTable: the depths to branch to, the default last
}

// Next reads the instruction of a body at an offset.
func Next(body []byte, at int) (Instruction, error) {
	r := reader{b: body[min(at, len(body)):]}
	in := Instruction{At: at}
	if op := r.bytes(1); r.err == nil {
		in.Op = op[0]
		r.immediates(&in)
	}
	in.End = len(body) - len(r.b)
	return in, r.err
}

func (r *reader) immediates(in *Instruction) {
	switch op := in.Op; {
	case op == Block, op == Loop, op == If, op == Br, op == 0x0d, op == Call, op >= 0x20 && op <= 0x26, op == 0x3f, op == 0x40, op == 0x41, op == 0x42, op == 0xd0, op == 0xd2:
		r.leb()
	case op == BrTable:
		for n := r.number(); n >= 0 && r.err == nil; n-- {
			in.Targets = append(in.Targets, r.number())
		}
	case op == 0x11, op >= 0x28 && op <= 0x3e:
		r.leb()
		r.leb()
	case op == 0x43:
		r.bytes(4)
	case op == 0x44:
		r.bytes(8)
	case op == 0xfc:
		switch n := r.number(); {
		case n == 8 || n == 10 || n == 12 || n == 14:
			r.leb()
			r.leb()
		case n >= 9:
			r.leb()
		}
	case op == 0x1c, op >= 0xfd:
		r.err = errors.New("the Wasm module has an instruction that Go does not write")
	}
}

// leb skips a number of any size and sign.
func (r *reader) leb() {
	for range binary.MaxVarintLen64 {
		if b := r.bytes(1); r.err != nil || b[0] < 0x80 {
			return
		}
	}
	r.err = errCutOff
}
