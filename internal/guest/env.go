package guest

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"grove.place/lattice/internal/abi"
)

// Binding is an entry of the Worker's environment.
type Binding struct {
	Kind  string // text, json, namespace, d1, fetcher, kv, r2, queue, unknown
	Value string // of text and json
	Class string // of namespace, where the host knows it
}

// env is the same in every event of an isolate, so it is asked for once. Natively each context has its own host.
var env map[string]Binding

// Env returns the bindings of the Worker.
func Env(ctx context.Context) (map[string]Binding, error) {
	inWasm := FrameOf(ctx) != nil
	if inWasm && env != nil {
		return env, nil
	}
	r, err := Invoke(ctx, abi.OpEnv, nil)
	if err != nil {
		return nil, fmt.Errorf("environment: %w", err)
	}
	list, ok := r.Value().(abi.Object)
	if !ok || r.Err() != nil {
		return nil, fmt.Errorf("environment: the host sent something else: %w", r.Err())
	}
	bindings := make(map[string]Binding, len(list))
	for _, f := range list {
		o, _ := f.Value.(abi.Object)
		text := func(name string) string { s, _ := o.Get(name).(string); return s }
		bindings[f.Name] = Binding{Kind: text("kind"), Value: text("value"), Class: text("class")}
	}
	if inWasm {
		env = bindings
	}
	return bindings, nil
}

// MissingBinding explains that a binding is absent or of another kind, and how to add it.
func MissingBinding(ctx context.Context, name, kind, toml string) error {
	bindings, err := Env(ctx)
	if err != nil {
		return err
	}
	if b, ok := bindings[name]; ok {
		return fmt.Errorf("binding %q is of kind %s, not %s", name, b.Kind, kind)
	}
	var have []string
	for n, b := range bindings {
		if b.Kind == kind {
			have = append(have, n)
		}
	}
	sort.Strings(have)
	hint := ""
	if len(have) > 0 {
		hint = fmt.Sprintf(" (there is %s)", strings.Join(have, ", "))
	}
	return fmt.Errorf("no %s binding %q%s: add to wrangler.toml:\n%s\nor to wrangler.jsonc:\n%s", kind, name, hint, toml, asJSON(toml))
}

// asJSON writes a table of TOML as wrangler.jsonc has it. It knows no more of TOML than the hints of this module need.
func asJSON(toml string) string {
	head, body, _ := strings.Cut(toml, "\n")
	words := strings.Fields(strings.ReplaceAll(body, "\n", ", "))
	for i := 1; i < len(words); i++ {
		if words[i] == "=" {
			words[i-1], words[i] = strconv.Quote(words[i-1])+":", ""
		}
	}
	text := strings.ReplaceAll("{ "+strings.Join(words, " ")+" }", ":  ", ": ")
	if strings.HasPrefix(head, "[[") {
		text = "[" + text + "]"
	}
	name := strings.Trim(head, "[]")
	if outer, inner, nested := strings.Cut(name, "."); nested {
		return fmt.Sprintf("%q: { %q: %s }", outer, inner, text)
	}
	return fmt.Sprintf("%q: %s", name, text)
}
