package build

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"grove.place/lattice/internal/symbols"
	"grove.place/lattice/internal/wasmfile"
)

// Part is one line of a Breakdown: the code of a Go package, or a kind of data.
type Part struct {
	Name      string
	Functions int // 0 for data
	Raw, Gzip int64
}

// Breakdown says what takes the space in a module. The Gzip of a part is what its bytes take when compressed by themselves, so that the parts
// add up to a little more than Whole.
type Breakdown struct {
	Code  []Part // by Go package, the largest first
	Data  []Part // the largest first
	Whole Sizes
}

// Breakdown reads a module that the Go compiler made. It needs no debug information: Go's own table of functions, which stack traces are made
// of, names every function in the order in which the code section holds them.
func (r *Result) Breakdown() (*Breakdown, error) { return breakDown(r.Module) }

func breakDown(module []byte) (*Breakdown, error) {
	sections, err := wasmfile.Parse(module)
	if err != nil {
		return nil, fmt.Errorf("take the module apart: %w", err)
	}
	var (
		functions [][]byte
		segments  []wasmfile.Segment
		memory    []byte
		data      = map[string][]byte{}
	)
	for _, s := range sections {
		switch s.ID {
		case wasmfile.Code:
			functions, err = wasmfile.Functions(s.Body)
		case wasmfile.Data:
			segments, err = wasmfile.Segments(s.Body)
		case wasmfile.Elements:
			data["function pointers"] = s.Body
		default:
			data["tables of the Wasm format"] = append(data["tables of the Wasm format"], s.Body...)
		}
		if err != nil {
			return nil, fmt.Errorf("take the module apart: %w", err)
		}
	}
	for _, s := range segments {
		memory = append(memory, make([]byte, max(0, s.End()-len(memory)))...)
		copy(memory[s.Start:], s.Data)
	}
	found, err := symbols.Find(memory)
	if err != nil {
		return nil, fmt.Errorf("take the module apart: %w", err)
	}
	t := &tables{found, len(memory)}
	code, counts, err := t.byPackage(functions)
	if err != nil {
		return nil, fmt.Errorf("take the module apart: %w", err)
	}
	for _, s := range segments {
		for start := s.Start; start < s.End(); {
			name, end := t.kind(start)
			end = min(end, s.End())
			data[name] = append(data[name], memory[start:end]...)
			start = end
		}
	}
	return &Breakdown{Code: parts(code, counts), Data: parts(data, nil), Whole: Measure(module)}, nil
}

// byPackage joins the bodies of the functions of each package.
func (t *tables) byPackage(functions [][]byte) (code map[string][]byte, counts map[string]int, err error) {
	names := t.Functions()
	if len(names) != len(functions) {
		return nil, nil, fmt.Errorf("%d functions have %d names: was it made by another release of Go?", len(functions), len(names))
	}
	code, counts = map[string][]byte{}, map[string]int{}
	for i, body := range functions {
		pkg := packageOf(names[i])
		code[pkg] = append(code[pkg], body...)
		counts[pkg]++
	}
	return code, counts, nil
}

func parts(groups map[string][]byte, counts map[string]int) []Part {
	var list []Part
	for name, b := range groups {
		s := Measure(b)
		list = append(list, Part{Name: name, Functions: counts[name], Raw: s.Raw, Gzip: s.Gzip})
	}
	slices.SortFunc(list, func(a, b Part) int { return cmp.Or(cmp.Compare(b.Gzip, a.Gzip), cmp.Compare(a.Name, b.Name)) })
	return list
}

// String is a table for people.
func (b *Breakdown) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	section := func(title string, list []Part) {
		var sum Part
		for _, p := range list {
			sum.Functions, sum.Raw, sum.Gzip = sum.Functions+p.Functions, sum.Raw+p.Raw, sum.Gzip+p.Gzip
		}
		fmt.Fprintf(w, "raw KB\tgzip KB\tfunctions\t\t%s\n", title)
		for _, p := range append(list[:len(list):len(list)], Part{"together", sum.Functions, sum.Raw, sum.Gzip}) {
			fmt.Fprintf(w, "%.1f\t%.1f\t%d\t\t%s\n", float64(p.Raw)/1024, float64(p.Gzip)/1024, p.Functions, p.Name)
		}
		w.Flush()
		text.WriteByte('\n')
	}
	section("code of the package", b.Code)
	section("data", b.Data)
	fmt.Fprintf(&text, "The whole module: %s. Parts are compressed one by one here, so they add up to a little more.\n", b.Whole)
	return text.String()
}

// packageOf is the import path in the name of a function, as Go writes it: path/to/pkg.(*Type).Method, go:generated names, type..eq.path.Type.
func packageOf(name string) string {
	for _, prefix := range []string{"type:.eq.", "type:.hash."} {
		if strings.HasPrefix(name, prefix) {
			return "(generated: equality and hashes)"
		}
	}
	if strings.HasPrefix(name, "go:") || strings.HasPrefix(name, "_rt0") || strings.HasPrefix(name, "wasm_") || name == "memeqbody" || name == "memcmp" || name == "memchr" {
		return "runtime"
	}
	if i := strings.IndexByte(name, '['); i >= 0 {
		name = name[:i] // type arguments have paths of their own
	}
	slash := strings.LastIndexByte(name, '/') + 1
	if dot := strings.IndexByte(name[slash:], '.'); dot >= 0 {
		name = name[:slash+dot]
	}
	return strings.ReplaceAll(name, "%2e", ".")
}

// tables are Go's own tables in the memory of a module.
type tables struct {
	*symbols.Table
	end int // of the memory
}

// kind says what the byte at an address belongs to, and where that ends.
func (t *tables) kind(at int) (name string, end int) {
	end = t.end
	for _, r := range t.Ranges() {
		if at >= r.Start && at < r.End {
			return r.Name, r.End
		}
		if r.Start > at {
			end = min(end, r.Start)
		}
	}
	return "other data", end
}
