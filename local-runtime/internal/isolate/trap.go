package isolate

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tetratelabs/wazero/api"

	"grove.place/lattice/internal/symbols"
)

// innermost finds the function that a trap happened in: wazero numbers those that have no name.
var innermost = regexp.MustCompile(`wasm stack trace:\s+\S*\.\$([0-9]+)\(`)

// trapStack is where the program was when the engine stopped it.
func (in *Instance) trapStack(err error) []symbols.Call {
	m := innermost.FindStringSubmatch(err.Error())
	if m == nil {
		return nil
	}
	number, err := strconv.Atoi(m[1])
	if err != nil {
		return nil
	}
	sp, ok := in.stackPointer()
	if !ok {
		return nil
	}
	return in.symbols().TrapStack(in.mod.Memory(), number, sp)
}

// callers is who called the host.
func (in *Instance) callers() []symbols.Call {
	sp, ok := in.stackPointer()
	if !ok {
		return nil
	}
	return in.symbols().Callers(in.mod.Memory(), sp)
}

func (in *Instance) stackPointer() (uint32, bool) {
	f := in.mod.ExportedFunction("getsp")
	if f == nil {
		return 0, false
	}
	r, err := f.Call(context.Background())
	if err != nil {
		return 0, false
	}
	return api.DecodeU32(r[0]), true
}

// trapped says in a line why the engine stopped the program, and where.
func trapped(err error, stack []symbols.Call) string {
	text := "the Go program trapped: " + firstLine(err.Error())
	if strings.Contains(text, "stack overflow") {
		text = "the Go program's calls are too deep, perhaps in a recursion without end: " + firstLine(err.Error())
	}
	if len(stack) == 0 {
		return text
	}
	at := symbols.Own(stack)
	return fmt.Sprintf("%s, in %s (%s:%d)", text, at.Function, at.File, at.Line)
}
