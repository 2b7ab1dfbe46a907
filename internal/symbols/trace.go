package symbols

import (
	"strconv"
	"strings"
)

// createdBy comes before the function whose go statement began a goroutine.
const createdBy = "created by "

// ReadTrace takes apart what Go's runtime writes when a program ends, or debug.Stack: what is said before the first stack, and the calls of that, the innermost
// first, and then who began its goroutine. Text without a stack has no calls.
func ReadTrace(text string) (head string, calls []Call) {
	head, rest := text, ""
	for at := 0; ; {
		line, _, more := strings.Cut(text[at:], "\n")
		if strings.HasPrefix(line, "goroutine ") && strings.HasSuffix(line, "]:") {
			head, rest = text[:at], text[min(at+len(line)+1, len(text)):]
			break
		}
		if !more {
			break
		}
		at += len(line) + 1
	}
	var c Call
	for line := range strings.Lines(rest) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if place, ok := strings.CutPrefix(line, "\t"); ok && c.Function != "" {
			c.File, c.Line = readPlace(place)
			calls = append(calls, c)
			c = Call{}
			continue
		}
		c = Call{Function: readFunction(line)}
	}
	head, _, _ = strings.Cut(head, "\nruntime stack:\n") // of the scheduler, with words of its memory
	head, _, _ = strings.Cut(head, "\n[signal ")
	return strings.TrimSpace(head), calls
}

// readFunction is the function of a line like main.find(0x1, {0x2, 0x3}), or created by main.find in goroutine 7.
func readFunction(line string) string {
	if strings.HasPrefix(line, createdBy) {
		line, _, _ = strings.Cut(line, " in goroutine ")
		return line
	}
	if i := strings.LastIndexByte(line, '('); i > 0 && strings.HasSuffix(line, ")") {
		return line[:i]
	}
	return line
}

// readPlace is the file and line of text like find.go:12 +0x3 fp=0x1.
func readPlace(text string) (file string, line int) {
	text, _, _ = strings.Cut(text, " +0x")
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return text, 0
	}
	line, _ = strconv.Atoi(text[i+1:])
	return text[:i], line
}
