package symbols

import (
	"fmt"
	"slices"
	"strings"
)

// shown is how many calls of a stack are shown.
const shown = 24

// Shown writes what a stack says to the author of the program, as Go's traces have it: calls of Go's runtime and of the SDK are counted, and so is what called the
// program's own code. A stack with no call of its own is shown as it is. build/shim/trace.mjs does the same on workerd.
func Shown(calls []Call) string {
	first, last := 0, -1
	for first < len(calls)-1 && plumbing(calls[first].Function) {
		first++
	}
	for i, c := range calls {
		if !Foreign(c.Function) && !plumbing(c.Function) {
			last = i
		}
	}
	if last < 0 {
		return format(calls, shown)
	}
	var b strings.Builder
	for i, lines := first, 0; i <= last; {
		n := 0
		for plumbing(calls[i+n].Function) {
			n++
		}
		if n > 0 {
			fmt.Fprintf(&b, "\t… %s of Go's runtime and Lattice …\n", counted(n))
			i += n
			continue
		}
		if lines++; lines > shown {
			fmt.Fprintf(&b, "\t… %s …\n", counted(len(calls)-i))
			return b.String()
		}
		for i+1+n <= last && calls[i+1+n] == calls[i] {
			n++
		}
		b.WriteString(calls[i].String() + "\n")
		if n > 0 {
			fmt.Fprintf(&b, "\t… the same %d times more …\n", n)
		}
		i += 1 + n
	}
	if n := len(calls) - 1 - last; n > 0 {
		fmt.Fprintf(&b, "\t… %s of the standard library and Lattice\n", counted(n))
	}
	return b.String()
}

func counted(n int) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}

// format writes a stack whole, at most so many calls of it. What a recursion repeats is counted.
func format(calls []Call, limit int) string {
	var b strings.Builder
	for n := 0; len(calls) > 0; n++ {
		if n == limit {
			b.WriteString("…\n")
			break
		}
		same := 1
		for same < len(calls) && calls[same] == calls[0] {
			same++
		}
		b.WriteString(calls[0].String() + "\n")
		if same > 1 {
			fmt.Fprintf(&b, "\t… the same %d times more …\n", same-1)
		}
		calls = calls[same:]
	}
	return b.String()
}

// Own is the innermost call that is neither the Go runtime's nor the standard library's nor the SDK's, or the innermost of all.
func Own(calls []Call) Call {
	for _, c := range calls {
		if !Foreign(c.Function) {
			return c
		}
	}
	if len(calls) == 0 {
		return Call{Function: "?", File: "?"}
	}
	return calls[0]
}

// Foreign reports whether a function is the standard library's or the SDK's, or none that a person has written.
func Foreign(function string) bool {
	function = strings.TrimPrefix(function, createdBy)
	if sdk(function) {
		return true
	}
	path, _, _ := strings.Cut(function, "[") // of a generic function
	first, _, below := strings.Cut(path, "/")
	if below && strings.Contains(first, ".") {
		return false // example.com/…
	}
	if !below {
		name := ""
		if first, name, _ = strings.Cut(path, "."); name == "" || strings.Contains(first, ":") {
			return true // panic, type:.eq.…
		}
	}
	return slices.Contains(standard, first)
}

// standard are the first elements of the standard library's import paths. Modules without a dot in theirs, as lattice new makes them, are not told from it otherwise.
var standard = strings.Fields(`archive bufio bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash html image index internal io
	iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings structs sync syscall testing text time unicode unique unsafe vendor weak`)

// plumbing reports whether a function is the Go runtime's or the SDK's.
func plumbing(function string) bool {
	function = strings.TrimPrefix(function, createdBy)
	return function == "panic" || strings.HasPrefix(function, "runtime.") || strings.HasPrefix(function, "runtime/") || strings.HasPrefix(function, "internal/runtime/") || sdk(function)
}

// InSDK reports whether the SDK is what a goroutine with that stack waits in.
func InSDK(calls []Call) bool {
	for _, c := range calls {
		if sdk(c.Function) {
			return true
		}
		if !plumbing(c.Function) && !Foreign(c.Function) {
			return false
		}
	}
	return false
}

const lattice = "grove.place/lattice/"

// sdkPackages are the packages of the SDK below workers/: what else is there is an application.
var sdkPackages = []string{"analyticsengine", "cache", "cloudflare", "d1", "fetch", "internal", "kv", "queues", "r2", "ratelimit", "rpc", "sockets", "versionmetadata", "websocket"}

func sdk(function string) bool {
	rest, ok := strings.CutPrefix(function, lattice)
	if !ok {
		return false
	}
	if strings.HasPrefix(rest, "internal/") || strings.HasPrefix(rest, "durables.") || strings.HasPrefix(rest, "workers.") {
		return true
	}
	name, ok := strings.CutPrefix(rest, "workers/")
	if !ok {
		return false
	}
	for _, p := range sdkPackages {
		if after, ok := strings.CutPrefix(name, p); ok && (after[:min(1, len(after))] == "." || after[:min(1, len(after))] == "/") {
			return true
		}
	}
	return false
}
