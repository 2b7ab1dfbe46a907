package compatibility

import (
	"strings"
	"testing"
)

const sample = `
/** A { comment. */
declare abstract class Sample<
  T extends Record<string, number>,
> {
  constructor(a: string);
  exec<T>(
    query: string,
    ...bindings: any[]
  ): Cursor<T>;
  get size(): number;
  readonly id?: Id; // hidden: no
  nested?: {
    inner: string;
  };
  [Symbol.iterator](): Iterator;
}
declare module "a:b" {
  export const known: unique symbol;
  export function called(
    ...f: never[]
  ): void;
}
declare namespace N {
  export abstract class Inside<E = X.Y>
    implements Z
  {
    protected env: E;
    fetch?(r: Request): void;
  }
}
`

func TestMembersOfTypings(t *testing.T) {
	got := parseTypings(sample)
	for name, want := range map[string]string{
		"Sample": "constructor exec size id nested [Symbol.iterator]", "a:b": "known called", "Inside": "env fetch",
	} {
		if have := strings.Join(got[name], " "); have != want {
			t.Errorf("%s has %q, want %q", name, have, want)
		}
	}
}

func TestNothingIsForgotten(t *testing.T) {
	declared := typings{all: map[string][]string{"SqlStorage": {"exec", "new one"}, "DurableObjectNovelty": {"x"}, "Response": {"body"}}}
	s := source{typings: declared}
	list := []section{{declaration: "SqlStorage", title: "SQL", members: []member{{name: "exec"}, {name: "gone"}}}}
	text := ""
	for _, err := range append(s.missing(list), s.unknown(list)...) {
		text += err.Error() + "\n"
	}
	for _, want := range []string{"SqlStorage.new one", "DurableObjectNovelty", "gone"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not reported:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Response") || strings.Contains(text, ".exec") {
		t.Errorf("too much is reported:\n%s", text)
	}
}

func TestStatusOfAMember(t *testing.T) {
	s := source{
		Known:    Known{Cases: []string{"kv/get", "kv/put, twice"}, Differences: map[string]string{"kv/put, twice": "once"}},
		declared: map[string]bool{"durables.Get": true}, tests: map[string]bool{"durables.TestGet": true},
	}
	for _, tt := range []struct {
		member
		want string
	}{
		{member{"get", "durables.Get; (a remark)", "kv/get", ""}, works},
		{member{"get", "durables.Get", "durables.TestGet", ""}, works},
		{member{"get", "durables.Get", "kv/*", ""}, differs},
		{member{"get", "durables.Get", "kv/get", "slowly"}, differs},
		{member{"get", "durables.Gone", "kv/get", ""}, unfinished},
		{member{"get", "durables.Get", "kv/get; kv/gone*", ""}, unfinished},
		{member{"get", "durables.Get", "", ""}, unfinished},
		{member{"get", "", "", "no"}, absent},
		{member{"get", "", "", ""}, ""},
	} {
		got, _, err := s.status(tt.member)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%+v is %q (%v), want %q", tt.member, got, err, tt.want)
		}
	}
}

func TestDeclarationsOfTheModule(t *testing.T) {
	declared, tests, err := declarations("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"durables.State.ID", "durables.ListOptions.Limit", "durables.AlarmInfo.RetryCount", "durables.AllowUnconfirmed", "workers.Run"} {
		if !declared[name] {
			t.Errorf("%s was not found", name)
		}
	}
	if !tests["tests/conformance/compatibility.TestDeclarationsOfTheModule"] {
		t.Error("the tests of the module were not found")
	}
}
