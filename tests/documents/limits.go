package documents

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var (
	testName     = regexp.MustCompile(`^([\w./-]+)\.((?:Test|Fuzz|Benchmark)\w+)$`)
	constantName = regexp.MustCompile(`^([a-z][\w/-]*)\.([A-Za-z]\w*)$`)
)

// Shown are the names in the last cells of the tables of a page, each with the row that it is in.
func Shown(p *Page) (shown [][2]string) {
	p.prose(func(_ int, text string) {
		if !strings.HasPrefix(text, "| ") || strings.HasPrefix(text, "| what |") {
			return
		}
		cells := strings.Split(strings.TrimSuffix(strings.TrimSpace(text), "|"), "|")
		for _, name := range strings.Split(cells[len(cells)-1], "`, `") {
			shown = append(shown, [2]string{strings.Trim(name, "` "), text})
		}
	})
	return shown
}

// IsCase tells the name of a conformance case from those of tests and constants.
func IsCase(name string) bool {
	return !testName.MatchString(name) && !constantName.MatchString(name) && name != "not shown"
}

// wrongNames are the names that are neither a test nor a constant whose value is in the row. Cases are tests/conformance's to look up.
func wrongNames(root string, p *Page) (wrong []string) {
	for _, s := range Shown(p) {
		name, row := s[0], s[1]
		if test := testName.FindStringSubmatch(name); test != nil {
			if !inFolder(root, test[1], "*_test.go", "func "+test[2]+"(") {
				wrong = append(wrong, fmt.Sprintf("%s: there is no test %s", p.Name, name))
			}
			continue
		}
		c := constantName.FindStringSubmatch(name)
		if c == nil {
			if name != "not shown" && !strings.Contains(name, "/") {
				wrong = append(wrong, fmt.Sprintf("%s: %q shows nothing: name a case, a test or a constant in %q", p.Name, name, row))
			}
			continue
		}
		value, isTime, ok := valueOf(root, c[1], c[2])
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s: there is no constant %s", p.Name, name))
		} else if !says(row, value, isTime) {
			wrong = append(wrong, fmt.Sprintf("%s: %s is %d, which the row does not say: %s", p.Name, name, value, row))
		}
	}
	return wrong
}

func inFolder(root, folder, pattern, text string) bool {
	files, _ := filepath.Glob(filepath.Join(root, folder, pattern))
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil && strings.Contains(string(data), text) {
			return true
		}
	}
	return false
}

// valueOf finds a constant in the sources of a package and works it out; of a duration in nanoseconds.
func valueOf(root, folder, name string) (value int64, isTime, ok bool) {
	declared := regexp.MustCompile(`(?m)^(?:const )?\s*` + name + `\s+(?:[\w.]+ )?= ([^/\n]+)`)
	files, _ := filepath.Glob(filepath.Join(root, folder, "*.go"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if m := declared.FindSubmatch(data); m != nil {
			text := string(m[1])
			for unit, n := range map[string]string{"time.Millisecond": "1000000", "time.Second": "1000000000", "time.Minute": "60000000000", "time.Hour": "3600000000000"} {
				isTime = isTime || strings.Contains(text, unit)
				text = strings.ReplaceAll(text, unit, n)
			}
			e, err := parser.ParseExpr(strings.TrimSpace(text))
			if err != nil {
				return 0, false, false
			}
			info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
			if types.CheckExpr(token.NewFileSet(), nil, token.NoPos, e, &info) != nil || info.Types[e].Value == nil {
				return 0, false, false
			}
			n, exact := constant.Int64Val(constant.ToInt(info.Types[e].Value))
			return n, isTime, exact
		}
	}
	return 0, false, false
}

// says reports whether a row has the number, in one of the ways in which people write it.
func says(row string, n int64, isTime bool) bool {
	ways := []string{commas(n)}
	if isTime {
		ways = nil
		for name, unit := range map[string]int64{" s": 1e9, " minutes": 60e9, " hours": 3600e9} {
			ways = append(ways, commas(n/unit)+name)
		}
	}
	for name, unit := range map[string]int64{" KB": 1000, " MB": 1 << 20, " MiB": 1 << 20, " GiB": 1 << 30} {
		if n%unit == 0 && n >= unit && !isTime {
			ways = append(ways, commas(n/unit)+name)
		}
	}
	if n%1024 == 0 && !isTime {
		ways = append(ways, commas(n/1024)+" KB")
	}
	for _, way := range ways {
		if regexp.MustCompile(`(^|[^\d,])` + regexp.QuoteMeta(way) + `($|[^\d,]|,[^\d])`).MatchString(row) {
			return true
		}
	}
	return false
}

// commas writes a number as the pages do: 32,768.
func commas(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
