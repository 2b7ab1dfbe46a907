package codec

import (
	"reflect"
	"strings"
	"sync"
)

// Field is a struct field as it appears outside Go.
type Field struct {
	Name      string
	Index     []int
	OmitEmpty bool
	Type      reflect.Type
	form      form
}

var fieldCache sync.Map // reflect.Type → []Field

// Fields returns the exported fields of struct type t under their `json` tag names, embedded structs flattened. Of fields with one name the one that is
// least deeply embedded counts; if there are several of those, none does.
func Fields(t reflect.Type) []Field {
	if f, ok := fieldCache.Load(t); ok {
		return f.([]Field)
	}
	fields := visible(appendFields(nil, t, nil))
	fieldCache.Store(t, fields)
	return fields
}

// visible applies Go's rule for embedded fields, as encoding/json does.
func visible(all []Field) []Field {
	depth, times := map[string]int{}, map[string]int{}
	for _, f := range all {
		switch d, seen := depth[f.Name]; {
		case !seen || len(f.Index) < d:
			depth[f.Name], times[f.Name] = len(f.Index), 1
		case len(f.Index) == d:
			times[f.Name]++
		}
	}
	if len(depth) == len(all) {
		return all
	}
	out := all[:0]
	for _, f := range all {
		if len(f.Index) == depth[f.Name] && times[f.Name] == 1 {
			out = append(out, f)
		}
	}
	return out
}

func appendFields(out []Field, t reflect.Type, index []int) []Field {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" && options == "" {
			continue
		}
		path := append(append([]int{}, index...), i)
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct && f.Type != timeType {
			out = appendFields(out, f.Type, path)
			continue
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		omit := options == "omitempty" || strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		out = append(out, Field{Name: name, Index: path, OmitEmpty: omit, Type: f.Type, form: formOf(f.Type)})
	}
	return out
}

// Find returns the field called name: exactly, or failing that without regard to case.
func Find(fields []Field, name string) *Field {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	for i := range fields {
		if strings.EqualFold(fields[i].Name, name) {
			return &fields[i]
		}
	}
	return nil
}
