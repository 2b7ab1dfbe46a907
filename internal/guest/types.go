package guest

import (
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"grove.place/lattice/internal/codec"
)

// Types writes Go types as TypeScript, collecting a declaration for each named struct.
type Types struct {
	names        map[reflect.Type]string
	declarations map[string]string
}

// Described is implemented by types that have TypeScript of their own.
type Described interface{ TypeScript(types *Types) string }

var describedType = reflect.TypeFor[Described]()

// reference reports whether a pointer type is a value by reference, and not an optional value.
func (t *Types) reference(g reflect.Type) bool {
	name, _ := codec.TypeScript(g)
	return name != "" || g.Implements(describedType)
}

// Declare adds the declaration of a type of that name, unless it is there, and returns the name.
func (t *Types) Declare(name string, body func() string) string {
	if _, ok := t.declarations[name]; !ok {
		t.declarations[name] = "{}" // taken, should the body refer to it
		t.declarations[name] = body()
	}
	return name
}

// NewTypes returns an empty collection.
func NewTypes() *Types {
	return &Types{names: map[reflect.Type]string{}, declarations: map[string]string{}}
}

// Declarations returns the interfaces collected so far, sorted by name.
func (t *Types) Declarations() string {
	names := make([]string, 0, len(t.declarations))
	for name := range t.declarations {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "export interface %s %s\n\n", name, t.declarations[name])
	}
	return strings.TrimRight(b.String(), "\n")
}

// Of returns the TypeScript type of values of Go type g.
func (t *Types) Of(g reflect.Type) string {
	switch {
	case codec.IsTime(g):
		return "Date"
	case codec.IsBigInt(g):
		return "bigint"
	case g.Implements(describedType):
		return reflect.Zero(g).Interface().(Described).TypeScript(t)
	}
	if name, parameters := codec.TypeScript(g); name != "" {
		for i, p := range parameters {
			name += []string{"<", ", "}[min(i, 1)] + t.Of(p)
		}
		if len(parameters) > 0 {
			name += ">"
		}
		return name
	}
	switch g.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Pointer:
		return t.Of(g.Elem()) + " | null"
	case reflect.Slice, reflect.Array:
		if g.Elem().Kind() == reflect.Uint8 && g.Kind() == reflect.Slice {
			return "Uint8Array"
		}
		return "Array<" + t.Of(g.Elem()) + ">"
	case reflect.Map:
		if g.Key().Kind() == reflect.String {
			return "Record<string, " + t.Of(g.Elem()) + ">"
		}
		return "Map<" + t.Of(g.Key()) + ", " + t.Of(g.Elem()) + ">"
	case reflect.Struct:
		return t.structure(g)
	case reflect.Interface, reflect.Func, reflect.Chan:
		return "unknown"
	}
	return "number"
}

func (t *Types) structure(g reflect.Type) string {
	if name, ok := t.names[g]; ok {
		return name
	}
	name := exported(identifier(g.Name()))
	if name == "" {
		return t.body(g)
	}
	for n := 2; ; n++ {
		if _, taken := t.declarations[name]; !taken {
			break
		}
		name = exported(identifier(g.Name())) + strconv.Itoa(n)
	}
	t.names[g] = name
	t.declarations[name] = "{}" // taken, should the type refer to itself
	t.declarations[name] = t.body(g)
	return name
}

func (t *Types) body(g reflect.Type) string {
	var b strings.Builder
	b.WriteString("{\n")
	for _, f := range codec.Fields(g) {
		optional := ""
		if f.OmitEmpty || f.Type.Kind() == reflect.Pointer {
			optional = "?"
		}
		fmt.Fprintf(&b, "  %s%s: %s;\n", property(f.Name), optional, t.Of(f.Type))
	}
	b.WriteString("}")
	return b.String()
}

func property(name string) string {
	if identifier(name) == name {
		return name
	}
	return strconv.Quote(name)
}

// identifier makes a TypeScript name of a Go type name, which may carry type arguments.
func identifier(name string) string {
	name, _, _ = strings.Cut(name, "[")
	ok := name != ""
	for i, r := range name {
		ok = ok && (unicode.IsLetter(r) || r == '_' || r == '$' || i > 0 && unicode.IsDigit(r))
	}
	if !ok {
		return ""
	}
	return name
}

func exported(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
