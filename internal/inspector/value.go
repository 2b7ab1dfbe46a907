package inspector

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// maxShown is how much of a value a page shows, in characters.
	maxShown = 2000
	// maxBrief is how much of it is shown at first.
	maxBrief = 160
	maxLines = 3
	// maxBytes is how many bytes of a blob are shown.
	maxBytes = 256
)

// Value is a stored value as a page shows it.
type Value struct {
	Kind  string // null, number, text, bytes, time or json: how it looks
	Brief string
	Whole string // more of it, when that is more than Brief
	Size  string // of a text or of bytes that are not shown whole
}

// valueOf describes a value of SQL, of a key or of a message.
func valueOf(v any) Value {
	switch v := v.(type) {
	case nil:
		return Value{Kind: "null", Brief: "null"}
	case string:
		if v == "" {
			return Value{Kind: "null", Brief: "empty text"}
		}
		return cut("text", Visible(v[:min(len(v), 4*maxShown)]), len(v))
	case []byte:
		return blob(v)
	case time.Time:
		return Value{Kind: "time", Brief: v.UTC().Format(time.RFC3339Nano)}
	case bool:
		return Value{Kind: "number", Brief: strconv.FormatBool(v)}
	case int64:
		return Value{Kind: "number", Brief: strconv.FormatInt(v, 10)}
	case float64:
		return Value{Kind: "number", Brief: number(v)}
	}
	brief := cut("json", Visible(encoded(v, "")), 0)
	if brief.Whole != "" {
		brief.Whole = Visible(limited(encoded(v, "  ")))
	}
	return brief
}

// blob shows what is text as text, and otherwise the beginning in hexadecimal.
func blob(b []byte) Value {
	v := Value{Kind: "bytes", Size: count(len(b), "byte")}
	if len(b) == 0 {
		v.Brief = "no bytes"
		return v
	}
	text := hex.EncodeToString(b[:min(len(b), maxBytes)])
	v.Brief = "x'" + text[:min(len(text), 48)]
	if len(text) <= 48 {
		v.Brief += "'"
		return v
	}
	v.Brief += "…"
	v.Whole = strings.TrimRight(hex.Dump(b[:min(len(b), maxBytes)]), "\n")
	if len(b) > maxBytes {
		v.Whole += "\n…"
	}
	return v
}

// cut divides a text into what is shown at first, and what is on demand. size is how many bytes it has, if it is not shown whole.
func cut(kind, text string, size int) Value {
	v := Value{Kind: kind, Brief: text}
	first := text
	if lines := strings.SplitAfterN(text, "\n", maxLines+1); len(lines) > maxLines {
		first = strings.TrimRight(strings.Join(lines[:maxLines], ""), "\n")
	}
	if first == text && utf8.RuneCountInString(text) <= maxBrief {
		return v
	}
	runes := []rune(first)
	v.Brief, v.Whole = string(runes[:min(len(runes), maxBrief)])+"…", limited(text)
	if size > 0 {
		v.Size = count(size, "byte")
	}
	return v
}

// limited is at most maxShown characters of a text.
func limited(text string) string {
	if utf8.RuneCountInString(text) <= maxShown {
		return text
	}
	return string([]rune(text)[:maxShown]) + "…"
}

// encoded is a value as JSON; one that JSON has not, such as a Map, is as Go prints it.
func encoded(v any, indent string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if e.Encode(v) != nil {
		return fmt.Sprintf("%v", v)
	}
	return strings.TrimRight(b.String(), "\n")
}

// number writes a REAL so that it does not look like an INTEGER.
func number(f float64) string {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if f == math.Trunc(f) && !strings.ContainsAny(text, ".eIN") {
		text += ".0"
	}
	return text
}

// Show writes a stored value in one line, for a terminal.
func Show(v any) string {
	shown := valueOf(v)
	text := shown.Brief
	if shown.Kind == "text" && shown.Whole != "" {
		text = shown.Whole
	}
	if shown.Size != "" {
		text = shown.Size + " " + text
	}
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(text)
}

// plain returns a value that JSON has, in place of one that it has not, such as a Map or NaN.
func plain(v any) any {
	if _, err := json.Marshal(v); err != nil {
		return fmt.Sprintf("%v", v)
	}
	return v
}

// Visible writes out the characters that would change how what is around them looks: control characters, and those that turn the direction of a text.
func Visible(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func hidden(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || r == '\u200e' || r == '\u200f' || r == '\u061c' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// colours are the codes with which programs colour what they print.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// logText is a text of the log as a page shows it.
func logText(text string) Value {
	v := Value{Kind: "text", Brief: Visible(colours.ReplaceAllString(text, ""))}
	if utf8.RuneCountInString(v.Brief) > 4*maxBrief || strings.Count(v.Brief, "\n") > 12 {
		v.Whole = v.Brief
		lines := strings.SplitAfterN(v.Brief, "\n", 4)
		first := []rune(strings.Join(lines[:min(len(lines), 3)], ""))
		v.Brief = strings.TrimRight(string(first[:min(len(first), 2*maxBrief)]), "\n") + "…"
	}
	return v
}

// count writes a number with its unit.
func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return grouped(n) + " " + unit + "s"
}

// grouped writes a number with its thousands apart.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// size writes a number of bytes.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return count(int(n), "byte")
	case n < 1<<20:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
}
