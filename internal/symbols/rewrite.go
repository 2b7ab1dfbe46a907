package symbols

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// place is how V8, and so workerd and Cloudflare's logs, name a place in Wasm code: the number of the function and a byte of the module.
var place = regexp.MustCompile(`(?:wasm://\S*?:)?wasm-function\[(\d+)\](?::0x([0-9a-fA-F]+))?`)

// Text puts names, files and lines into text in which an engine has named places in the module's code. A place in a call that was inlined becomes several lines,
// the innermost call first. What is no place in this module stays as it is.
func (t *Table) Text(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		m := place.FindStringSubmatchIndex(line)
		if m == nil {
			b.WriteString(line)
			continue
		}
		calls := t.named(line[m[2]:m[3]], hex(line, m))
		if len(calls) == 0 {
			b.WriteString(line)
			continue
		}
		before, after := line[:m[0]], line[m[1]:]
		if i := strings.LastIndex(before, "at "); i >= 0 && strings.HasSuffix(before, "(") { // at name (place)
			before, after = before[:i+3], strings.TrimPrefix(after, ")")
		}
		for i, c := range calls {
			fmt.Fprintf(&b, "%s%s (%s:%d)", before, c.Function, c.File, c.Line)
			if i < len(calls)-1 {
				b.WriteByte('\n')
			}
		}
		b.WriteString(after)
	}
	return b.String()
}

func hex(line string, m []int) string {
	if m[4] < 0 {
		return ""
	}
	return line[m[4]:m[5]]
}

func (t *Table) named(number, offset string) []Call {
	if at, err := strconv.ParseUint(offset, 16, 31); err == nil {
		if calls := t.AtOffset(int(at)); calls != nil {
			n, err := strconv.Atoi(number)
			if c, ok := t.ofIndex(n); err == nil && ok && c.Function == calls[len(calls)-1].Function {
				return calls
			}
			return nil // it is another module's
		}
	}
	n, err := strconv.Atoi(number)
	if err != nil {
		return nil
	}
	if c, ok := t.ofIndex(n); ok {
		return []Call{c}
	}
	return nil
}

// Rewrite copies in to out line by line, with names.
func (t *Table) Rewrite(out io.Writer, in io.Reader) error {
	r := bufio.NewReader(in)
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			if _, err := io.WriteString(out, t.Text(line)); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
