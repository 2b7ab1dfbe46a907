package js

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/stream"
)

// world is an Outside for tests: tasks and timers run when the test says so, and time stands still.
type world struct {
	vm      *VM
	tasks   []func()
	output  strings.Builder
	missing []string
	calls   []string
	resume  func() error
}

func (w *world) Now() time.Time         { return time.UnixMilli(1_700_000_000_000) }
func (w *world) Output(_ int, b []byte) { w.output.Write(b) }
func (w *world) Missing(what string)    { w.missing = append(w.missing, what) }
func (w *world) Post(f func())          { w.tasks = append(w.tasks, f) }
func (w *world) Resume() error          { return w.resume() }
func (w *world) Random(p []byte) {
	for i := range p {
		p[i] = byte(i)
	}
}

func (w *world) After(_ time.Duration, f func()) func() {
	stopped := false
	w.Post(func() {
		if !stopped {
			f()
		}
	})
	return func() { stopped = true }
}

func (w *world) ID(binding, how, text string) (string, error) {
	if how == "string" && text != "good" {
		return "", abi.TypeErrorf("Invalid Durable Object ID: must be 64 hex digits")
	}
	return binding + "/" + how + "/" + text, nil
}

func (w *world) Storage(string, []abi.Value) (abi.Value, error) { return nil, errors.New("no storage") }

func (w *world) Do(op string, args []abi.Value) (abi.Value, error) {
	if op == "warn" {
		return nil, nil
	}
	return nil, errors.New("no " + op)
}

// Call answers "echo" with what it was given, and fails everything else.
func (w *world) Call(op string, args []abi.Value, body *Body, done func(abi.Value, *Body, error)) {
	w.calls = append(w.calls, op)
	switch op {
	case "fetch":
		done(abi.Object{{Name: "status", Value: int64(201)}, {Name: "statusText", Value: "Created"}, {Name: "headers", Value: abi.Array{abi.Array{"x-op", "fetch"}}}, {Name: "args", Value: abi.Array(args)}}, body, nil)
	default:
		done(nil, nil, &abi.Error{Name: "TypeError", Message: "no " + op})
	}
}

func (w *world) run() {
	for len(w.tasks) > 0 {
		f := w.tasks[0]
		w.tasks = w.tasks[1:]
		f()
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	vm, err := New(w)
	if err != nil {
		t.Fatal(err)
	}
	w.vm = vm
	vm.Enter(func() {
		err = vm.SetUp(abi.Object{
			{Name: "TEXT", Value: abi.Object{{Name: "kind", Value: "text"}, {Name: "value", Value: "a variable"}}},
			{Name: "DATA", Value: abi.Object{{Name: "kind", Value: "json"}, {Name: "value", Value: `{"a":[1]}`}}},
			{Name: "OBJECTS", Value: abi.Object{{Name: "kind", Value: "namespace"}}},
			{Name: "DB", Value: abi.Object{{Name: "kind", Value: "d1"}}},
			{Name: "ODD", Value: abi.Object{{Name: "kind", Value: "vectorize"}}},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// eval returns what the body of an async function returns or throws, as text.
func (w *world) eval(t *testing.T, body string) string {
	t.Helper()
	result := "nothing"
	w.vm.Enter(func() {
		v, err := w.vm.rt.RunString("(async () => {" + body + "})()")
		if err != nil {
			t.Fatal(err)
		}
		w.vm.settled(v, func(v goja.Value, err error) {
			if err != nil {
				e := asError(err)
				result = "throws " + e.Name + ": " + e.Message
				return
			}
			result = v.String()
		})
	})
	w.run()
	return result
}

func TestWebClasses(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"text encodes as UTF-8", `return [...new TextEncoder().encode("é😀")]`, "195,169,240,159,152,128"},
		{"bytes decode in parts", `const d = new TextDecoder(); return d.decode(new Uint8Array([0xf0, 0x9f]), {stream: true}) + d.decode(new Uint8Array([0x98, 0x80]))`, "😀"},
		{"a mark of byte order goes", `return new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))`, "a"},
		{"bytes that are no text", `return new TextDecoder().decode(new Uint8Array([0x61, 0xff, 0x62]))`, "a\ufffdb"},
		{"fatal decoding refuses them", `return new TextDecoder("utf-8", {fatal: true}).decode(new Uint8Array([0xff]))`, "throws TypeError: Failed to decode input."},
		{"base64 there and back", `return btoa("hello\xff") + atob("aGVsbG8=")`, "aGVsbG//hello"},
		{"base64 of other text is refused", `return btoa("€")`, "throws InvalidCharacterError: btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range."},

		{"a URL and its parts", `const u = new URL("HTTPS://u:p@EXAMPLE.com:443/a/../b?x=1#h"); return [u.href, u.origin, u.host, u.pathname, u.search, u.hash, u.username].join(" ")`,
			"https://u:p@example.com/b?x=1#h https://example.com example.com /b ?x=1 #h u"},
		{"a URL with a base", `return new URL("../c?d", "http://h:8080/a/b/x").href`, "http://h:8080/a/c?d"},
		{"a URL without a path", `return new URL("http://h").href`, "http://h/"},
		{"no URL", `return new URL("nonsense")`, "throws TypeError: Invalid URL string."},
		{"parameters change their URL", `const u = new URL("http://h/?a=1"); u.searchParams.append("b", "x y&"); return u.href`, "http://h/?a=1&b=x+y%26"},
		{"parameters", `const p = new URLSearchParams("a=1&a=2&b=%20+"); p.set("c", "3"); p.delete("a", "1"); return p.toString() + "|" + p.get("b") + "|" + p.getAll("a")`, "a=2&b=++&c=3|  |2"},

		{"headers join, sort and ignore case", `const h = new Headers({B: "1"}); h.append("a", " x "); h.append("A", "y"); return [...h].join(";") + h.get("b")`, "a,x, y;b,11"},
		{"cookies stay apart", `const h = new Headers([["set-cookie", "a=1"], ["Set-Cookie", "b=2"]]); return [...h].join(";") + "|" + h.getSetCookie().length`, "set-cookie,a=1;set-cookie,b=2|2"},
		{"a header's name is a token", `new Headers().set("a b", "c")`, "throws TypeError: Invalid header name."},
		{"a header's value is one line", `new Headers().set("a", "b\nc")`, "throws TypeError: Invalid header value."},

		{"a body has its type", `const r = new Response("text"); return r.headers.get("content-type") + await r.text() + r.bodyUsed`, "text/plain;charset=UTF-8texttrue"},
		{"a body is read once", `const r = new Response("text"); await r.text(); return r.text()`, "throws TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice."},
		{"a response without a body", `const r = new Response(null, {status: 204}); return r.body + await r.text() + r.ok`, "nulltrue"},
		{"a body where none may be", `new Response("x", {status: 304})`, "throws TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body."},
		{"a status that is none", `new Response("x", {status: 99})`, "throws RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive."},
		{"Response.json", `const r = Response.json({a: 1}, {status: 201}); return r.status + r.headers.get("content-type") + JSON.stringify(await r.json())`, `201application/json{"a":1}`},
		{"a clone is read apart", `const r = new Response(new ReadableStream({pull(c) { c.enqueue(new Uint8Array([97])); c.close(); }})); const k = r.clone(); return await r.text() + await k.text()`, "aa"},
		{"a request", `const r = new Request("http://h/a", {method: "post", body: new URLSearchParams({a: "b c"})}); return [r.method, r.url, r.headers.get("content-type"), await r.text()].join(" ")`,
			"POST http://h/a application/x-www-form-urlencoded;charset=UTF-8 a=b+c"},
		{"a GET has no body", `new Request("http://h", {body: "x"})`, "throws TypeError: Request with a GET or HEAD method cannot have a body."},
		{"a form there and back", `const f = new FormData(); f.append("a", "ü"); f.append("file", new File(["x\r\ny"], "n.txt", {type: "text/plain"}));
			const g = await new Response(f).formData(); return g.get("a") + g.get("file").name + g.get("file").type + JSON.stringify(await g.get("file").text())`, `ün.txttext/plain"x\r\ny"`},

		{"a stream is pulled when it is read", `let n = 0; const r = new ReadableStream({pull(c) { c.enqueue(++n); if (n === 3) c.close(); }}, {highWaterMark: 0}).getReader();
			const all = []; for (;;) { const {done, value} = await r.read(); if (done) return all + "|" + n; all.push(value); }`, "1,2,3|3"},
		{"the error of a stream", `const r = new ReadableStream({start(c) { c.error(new Error("broken")); }}).getReader(); await r.read()`, "throws Error: broken"},
		{"a stream is locked once", `const s = new ReadableStream(); s.getReader(); s.getReader()`, "throws TypeError: This ReadableStream is currently locked to a reader."},
		{"canceling tells the source", `let why; await new ReadableStream({cancel(e) { why = e; }}).cancel("enough"); return why`, "enough"},
		{"a transform", `const t = new TransformStream({transform(x, c) { c.enqueue(x * 2); }}); const w = t.writable.getWriter(); w.write(1); w.write(2); w.close();
			const all = []; for (const r = t.readable.getReader();;) { const {done, value} = await r.read(); if (done) return all; all.push(value); }`, "2,4"},
		{"pipeThrough", `return new Response(new Response("abc").body.pipeThrough(new TransformStream({transform(b, c) { c.enqueue(b.map((x) => x + 1)); }}))).text()`, "bcd"},
		{"tee", `const [a, b] = new Response("abc").body.tee(); return await new Response(a).text() + await new Response(b).text()`, "abcabc"},
		{"a stream of fixed length counts", `const s = new FixedLengthStream(3); const w = s.writable.getWriter(); w.write(new Uint8Array([97])); w.close().catch(() => {}); new Response(s.readable).text().catch(() => {}); await w.closed`,
			"throws TypeError: FixedLengthStream did not see all expected bytes before close()."},

		{"timers come in order and can be stopped", `const all = []; setTimeout(() => all.push(1)); clearTimeout(setTimeout(() => all.push(2))); await new Promise((r) => setTimeout(r)); return all`, "1"},
		{"microtasks come first", `const all = []; setTimeout(() => all.push("timer")); queueMicrotask(() => all.push("microtask")); await new Promise((r) => setTimeout(r)); return all`, "microtask,timer"},
		{"aborting", `const c = new AbortController(); let heard = 0; c.signal.addEventListener("abort", () => heard++); c.abort(); c.abort(); return heard + c.signal.reason.name`, "1AbortError"},
		{"fetch goes to the host", `const r = await fetch("http://h/a", {method: "PUT", body: "content"}); return r.status + r.headers.get("x-op") + await r.text()`, "201fetchcontent"},
		{"fetch that is aborted", `return fetch("http://h", {signal: AbortSignal.abort(new Error("no"))})`, "throws Error: no"},
		{"the clock is the host's", `return Date.now() + new Date().toISOString()`, "17000000000002023-11-14T22:13:20.000Z"},
		{"randomness is the host's", `return crypto.randomUUID() + crypto.getRandomValues(new Uint8Array(3))`, "00010203-0405-4607-8809-0a0b0c0d0e0f0,1,2"},

		{"variables", `return context.env.TEXT + JSON.stringify(context.env.DATA) + context.env.NONE`, `a variable{"a":[1]}undefined`},
		{"an object's id", `const id = context.env.OBJECTS.idFromName("n"); return id.toString() + id.name + id.equals(context.env.OBJECTS.idFromName("n"))`, "OBJECTS/name/nntrue"},
		{"an object's id that is none", `context.env.OBJECTS.idFromString("bad")`, "throws TypeError: Invalid Durable Object ID: must be 64 hex digits"},
		{"an operation that fails", `return context.env.DB.prepare("SELECT 1").run()`, "throws TypeError: no d1"},
		{"a parameter that D1 does not take", `context.env.DB.prepare("SELECT ?").bind({})`, "throws Error: D1_TYPE_ERROR: Type 'object' not supported for value '[object Object]'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := newWorld(t).eval(t, c.body); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for body, what := range map[string]string{
		`new EventSource("https://h/")`:          "class EventSource",
		`new HTMLRewriter()`:                     "class HTMLRewriter",
		`context.env.DB.dump()`:                  "method D1Database.dump",
		`context.env.ODD.query([1])`:             "method vectorize binding.query",
		`await crypto.subtle.encapsulate("raw")`: "method crypto.subtle.encapsulate",
	} {
		w := newWorld(t)
		got := w.eval(t, body)
		if want := "throws TypeError: the local host's JavaScript has no " + what + ": docs/syumai.md lists what there is"; got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
		if len(w.missing) != 1 || w.missing[0] != what {
			t.Errorf("%s: reported %q", body, w.missing)
		}
	}
}

func TestValuesCrossAsTheyAre(t *testing.T) {
	w := newWorld(t)
	vm := w.vm
	value := abi.Object{
		{Name: "n", Value: nil}, {Name: "b", Value: true}, {Name: "i", Value: int64(-5)}, {Name: "f", Value: 1.5}, {Name: "s", Value: "é😀"},
		{Name: "bytes", Value: []byte{0, 255}}, {Name: "buffer", Value: abi.ArrayBuffer{1, 2}}, {Name: "date", Value: abi.Date(12)}, {Name: "list", Value: abi.Array{int64(1), abi.Undefined{}}},
		{Name: "big", Value: abi.BigInt("123456789012345678901234567890")}, {Name: "empty", Value: abi.Object{}},
	}
	var got abi.Value
	var err error
	vm.Enter(func() { got, err = vm.fromJS(vm.toJS(value)) })
	if err != nil {
		t.Fatal(err)
	}
	var a, b abi.Writer
	a.Value(value)
	b.Value(got)
	if string(a.Bytes()) != string(b.Bytes()) {
		t.Errorf("got %#v", got)
	}
	if got := w.eval(t, "const a = []; a[0] = a; structuredClone(a)"); got != "throws Error: a value is nested too deeply, or contains itself" {
		t.Errorf("a value that contains itself: %s", got)
	}
	if got := w.eval(t, "structuredClone({f() {}})"); got != "throws DataCloneError: a function cannot be passed on: only data can" {
		t.Errorf("a function: %s", got)
	}
}

func TestReferencesAreCounted(t *testing.T) {
	w := newWorld(t)
	vm := w.vm
	vm.Enter(func() {
		o := vm.rt.NewObject()
		first, again := vm.store(o), vm.store(o)
		if first != again {
			t.Errorf("one object has the references %x and %x", first, again)
		}
		vm.Release(uint32(first))
		if vm.load(first) != goja.Value(o) {
			t.Error("an object is gone while a reference is left")
		}
		vm.Release(uint32(first))
		if next := vm.store(vm.rt.NewObject()); next != first {
			t.Errorf("the number %x of what was released is not used again: %x", uint32(first), uint32(next))
		}
		for _, v := range []any{1.5, -3, true, false, "text", nil} {
			x := vm.rt.ToValue(v)
			if got := vm.load(vm.store(x)); !got.StrictEquals(x) {
				t.Errorf("%v comes back as %v", v, got)
			}
		}
	})
}

func TestABodyGoesThroughUntouched(t *testing.T) {
	w := newWorld(t)
	source := stream.Bytes([]byte("content"))
	w.vm.Enter(func() {
		b, err := w.vm.bodyFromJS(w.vm.bodyToJS(&Body{Source: source, Length: 7}))
		if err != nil || b.Source != source || b.Length != 7 {
			t.Errorf("%v, %v: the host's own body should come back, not a copy", b, err)
		}
	})
}

func TestTheEndOfTheProgram(t *testing.T) {
	w := newWorld(t)
	w.resume = func() error { return ErrExited }
	call := `return context.binding.f = Object.getPrototypeOf(f) && f()`
	w.vm.Enter(func() {
		f, _ := goja.AssertFunction(w.vm.goObj.Get("_makeFuncWrapper"))
		wrapper, err := f(w.vm.goObj, w.vm.rt.ToValue(1))
		if err != nil {
			t.Fatal(err)
		}
		_ = w.vm.rt.Set("f", wrapper)
	})
	if got := w.eval(t, call); got != "undefined" {
		t.Errorf("the call in which the program ends: %s", got)
	}
	if got := w.eval(t, call); !strings.HasSuffix(got, "Go program has already exited") {
		t.Errorf("a call after its end: %s", got)
	}
}
