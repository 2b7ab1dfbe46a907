// Package wasmfile takes Wasm modules apart, as far as it takes to measure them and to make them smaller: sections, functions, and the data that
// memory starts with. It knows the form in which Go's linker writes them and refuses others.
//
// Start with Parse.
package wasmfile

import (
	"encoding/binary"
	"errors"
)

// Identifiers of sections (WebAssembly Core Specification 2.0, section 5.5.2).
const (
	Custom    = 0
	Imports   = 2
	Globals   = 6
	Exports   = 7
	Elements  = 9
	Code      = 10
	Data      = 11
	DataCount = 12
)

const header = "\x00asm\x01\x00\x00\x00"

var errCutOff = errors.New("the Wasm module ends in the middle of something")

// Section is one section of a module.
type Section struct {
	ID   byte
	Body []byte
	At   int // where Body begins in the module that was parsed
}

// Parse returns the sections of a module, which share its memory.
func Parse(module []byte) ([]Section, error) {
	if len(module) < len(header) || string(module[:len(header)]) != header {
		return nil, errors.New("this is no Wasm module")
	}
	var list []Section
	r := reader{b: module[len(header):]}
	for len(r.b) > 0 {
		id := r.bytes(1)
		body := r.bytes(r.number())
		if r.err != nil {
			return nil, r.err
		}
		list = append(list, Section{id[0], body, len(module) - len(r.b) - len(body)})
	}
	return list, nil
}

// Format writes sections as a module.
func Format(sections []Section) []byte {
	module := []byte(header)
	for _, s := range sections {
		module = append(module, s.ID)
		module = binary.AppendUvarint(module, uint64(len(s.Body)))
		module = append(module, s.Body...)
	}
	return module
}

// Functions returns the bodies that a code section holds.
func Functions(code []byte) ([][]byte, error) {
	var list [][]byte
	r := reader{b: code}
	for n := r.number(); n > 0 && r.err == nil; n-- {
		list = append(list, r.bytes(r.number()))
	}
	return list, r.err
}

// ImportedFunctions returns the names of the functions that an import section holds. They come first in the numbering of functions.
func ImportedFunctions(imports []byte) ([]string, error) {
	var list []string
	r := reader{b: imports}
	for n := r.number(); n > 0 && r.err == nil; n-- {
		r.bytes(r.number())
		name := r.bytes(r.number())
		if kind := r.bytes(1); r.err == nil && kind[0] != 0 {
			return nil, errors.New("the Wasm module imports something other than functions, which Go does not")
		}
		r.number() // of the type
		list = append(list, string(name))
	}
	return list, r.err
}

// Segment is data that memory starts with at an address.
type Segment struct {
	Start int
	Data  []byte
}

// End is the address after the last byte.
func (s Segment) End() int { return s.Start + len(s.Data) }

// maxAddress keeps a broken module from making anybody reserve memory for it. Go's data ends below 64 MB.
const maxAddress = 1 << 28

// Segments returns what a data section holds.
func Segments(data []byte) ([]Segment, error) {
	var list []Segment
	r := reader{b: data}
	for n := r.number(); n > 0 && r.err == nil; n-- {
		if kind := r.bytes(2); r.err == nil && (kind[0] != 0 || kind[1] != i32Const) {
			return nil, errors.New("the Wasm module has a data segment of a kind that Go does not write")
		}
		start := r.signed()
		r.bytes(1) // the end of the expression
		s := Segment{start, r.bytes(r.number())}
		if s.Start < 0 || s.End() > maxAddress {
			return nil, errors.New("the Wasm module has data at an address that Go does not use")
		}
		list = append(list, s)
	}
	return list, r.err
}

const (
	i32Const = 0x41
	end      = 0x0b
)

// FormatSegments writes a data section.
func FormatSegments(list []Segment) []byte {
	data := binary.AppendUvarint(nil, uint64(len(list)))
	for _, s := range list {
		data = append(data, 0, i32Const)
		data = AppendSigned(data, s.Start)
		data = append(data, end)
		data = binary.AppendUvarint(data, uint64(len(s.Data)))
		data = append(data, s.Data...)
	}
	return data
}

// reader reads the encodings of a module. The first error stays.
type reader struct {
	b   []byte
	err error
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) || r.err != nil {
		r.err = errCutOff
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) number() int {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > maxAddress {
		r.err = errCutOff
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

// signed reads a signed LEB128 number of 32 bits, which is another encoding than that of encoding/binary's signed numbers.
func (r *reader) signed() int {
	v, shift := 0, 0
	for {
		b := r.bytes(1)
		if r.err != nil || shift > 28 {
			r.err = errCutOff
			return 0
		}
		v |= int(b[0]&0x7f) << shift
		shift += 7
		if b[0]&0x80 == 0 {
			if b[0]&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
}

// AppendSigned appends a signed LEB128 number.
func AppendSigned(b []byte, v int) []byte {
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}
