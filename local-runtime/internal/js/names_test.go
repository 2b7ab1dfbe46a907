package js

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja"
)

var update = flag.Bool("update", false, "write the list of names in docs/syumai.md")

const (
	docs  = "../../../docs/syumai.md"
	begin = "<!-- begin: names of JavaScript; go test ./local-runtime/internal/js -run Names -update -->\n"
	end   = "<!-- end of names -->\n"
)

// private are what Go's own runtime and the library look for.
var private = []string{"fs", "process", "path", "self", "context", "tryCatch"}

// names are those of an object that another does not have.
func names(o, without *goja.Object) []string {
	var list []string
	for _, name := range o.GetOwnPropertyNames() {
		if without == nil || !slices.Contains(without.GetOwnPropertyNames(), name) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

func TestNamesOfTheDocumentation(t *testing.T) {
	w := newWorld(t)
	global := w.vm.rt.GlobalObject()
	var there, absent []string
	for _, name := range names(global, goja.New().GlobalObject()) {
		if slices.Contains(private, name) {
			continue
		}
		o, ok := global.Get(name).(*goja.Object)
		if !ok {
			continue
		}
		if _, isClass := goja.AssertConstructor(o); isClass && strings.HasPrefix(w.eval(t, "return new "+name), "throws TypeError: the local host's JavaScript has no class") {
			absent = append(absent, "`"+name+"`")
			continue
		}
		if _, isFunction := goja.AssertFunction(o); isFunction {
			there = append(there, "`"+name+"`")
			continue
		}
		for _, method := range names(o, nil) {
			if method == "subtle" {
				for _, m := range names(o.Get(method).ToObject(w.vm.rt), nil) {
					there = append(there, "`crypto.subtle."+m+"`")
				}
				continue
			}
			there = append(there, "`"+name+"."+method+"`")
		}
	}
	list := "JavaScript's own classes and these: " + strings.Join(there, ", ") + ".\n\nThese are known to be missing: " + strings.Join(absent, ", ") + ".\n"
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	old, tail, ended := strings.Cut(rest, end)
	switch {
	case !ok || !ended:
		t.Fatal("docs/syumai.md lacks the marks around its list of names")
	case old == list:
	case !*update:
		t.Error("the list in docs/syumai.md is not what there is; write it with -update")
	default:
		if err := os.WriteFile(docs, []byte(head+begin+list+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
