package compatibility

import (
	_ "embed"
	"errors"
	"fmt"
	"path"
	"strings"
)

// workerdTests are the names of workerd's tests that are about Durable Objects: "file<tab>name".
//
//go:embed workerd_tests.txt
var workerdTests string

// commit is the one of cloudflare/workerd that workerdTests is of.
const commit = "6552d999c79ef651b5463c6d692d065a8ce6f859"

// portedFile is one of workerd's test files.
type portedFile struct {
	file string // below src/workerd
	rows []ported
}

// ported says what stands for some tests of a file. With nothing shown, note says why not.
type ported struct {
	tests string // names, with *, separated by "; "
	shown string
	note  string
}

const portedHead = `# What stands for workerd's own tests

Written by ` + "`go run ./tests/conformance -write-compatibility`" + ` from ` + "`tests/conformance/compatibility/ported*.go`" + `; a test fails when one of the tests named in
` + "`workerd_tests.txt`" + ` is missing here, or what should stand for it. The tests are those of [cloudflare/workerd](https://github.com/cloudflare/workerd/tree/` + commit + `)
at ` + "`6552d999`" + ` that are about Durable Objects. None of their code is used: a case of the same behaviour is written anew, in JavaScript and in Go, and the JavaScript is run on workerd to say
what is right. Go tests show what only the local host's own parts can show. [Compatibility](compatibility.md) has the same from the side of the API.
`

// ported writes the page about workerd's tests, and lists what should stand for some of them and does not exist.
func (s source) ported() (page string, open []string, err error) {
	var b strings.Builder
	b.WriteString(portedHead)
	names := map[string][]string{}
	for line := range strings.Lines(workerdTests) {
		file, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		file = strings.TrimPrefix(file, "src/workerd/")
		names[file] = append(names[file], name)
	}
	var errs []error
	for _, f := range portedFiles {
		left := map[string]bool{}
		for _, n := range names[f.file] {
			left[n] = true
		}
		total := len(left)
		fmt.Fprintf(&b, "\n## %s (%d)\n\n| tests | stands for them |\n|---|---|\n", f.file, total)
		for _, row := range f.rows {
			before := len(left)
			for pattern := range list(row.tests) {
				for n := range left {
					if ok, err := path.Match(strings.ReplaceAll(pattern, "(", "?"), strings.ReplaceAll(n, "/", " ")); ok && err == nil {
						delete(left, n)
					}
				}
			}
			if len(left) == before {
				errs = append(errs, fmt.Errorf("%s: no test is left for %q", f.file, row.tests))
			}
			status := row.note
			if row.shown != "" {
				shown := codes(row.shown)
				if _, found := s.find(row.shown); !found {
					shown = unfinished + ": " + shown
					open = append(open, f.file+": "+row.tests)
				}
				status = strings.TrimSuffix(shown+". "+row.note, ". ")
			} else if row.note == "" {
				errs = append(errs, fmt.Errorf("%s: nothing is said of %q", f.file, row.tests))
			}
			fmt.Fprintf(&b, "| %s | %s |\n", strings.ReplaceAll(row.tests, "*", "…"), status)
		}
		for n := range left {
			errs = append(errs, fmt.Errorf("%s: nothing is said of the test %q", f.file, n))
		}
		delete(names, f.file)
	}
	for file := range names {
		errs = append(errs, fmt.Errorf("nothing is said of the tests of %s", file))
	}
	return b.String(), open, errors.Join(errs...)
}
