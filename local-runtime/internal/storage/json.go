package storage

import (
	"bytes"
	"encoding/json"
	"math"
	"sort"
	"strconv"
	"time"

	"grove.place/lattice/internal/abi"
)

// JSON is what JSON.stringify makes of a value: undefined properties are left out, dates are ISO text, maps and sets are empty objects. The error is a
// TypeError for what JSON cannot hold.
func JSON(v abi.Value) ([]byte, error) {
	var b bytes.Buffer
	there, err := stringify(&b, v)
	if err == nil && !there {
		err = abi.TypeErrorf("JSON cannot hold undefined")
	}
	return b.Bytes(), err
}

// stringify reports false for what JSON.stringify leaves out.
func stringify(b *bytes.Buffer, v abi.Value) (bool, error) {
	switch v := v.(type) {
	case abi.Undefined:
		return false, nil
	case nil:
		b.WriteString("null")
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b.WriteString("null")
			return true, nil
		}
		text, err := json.Marshal(v)
		b.Write(text)
		return true, err
	case bool, string:
		text, err := marshalText(v)
		b.Write(text)
		return true, err
	case abi.Date:
		if math.IsNaN(float64(v)) {
			b.WriteString("null")
			return true, nil
		}
		b.WriteString(strconv.Quote(time.UnixMilli(int64(v)).UTC().Format("2006-01-02T15:04:05.000Z")))
	case abi.BigInt:
		return false, abi.TypeErrorf("Do not know how to serialize a BigInt")
	case abi.Array:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if there, err := stringify(b, e); err != nil {
				return false, err
			} else if !there {
				b.WriteString("null")
			}
		}
		b.WriteByte(']')
	case abi.Object:
		return true, stringifyFields(b, v)
	case []byte:
		fields := make(abi.Object, len(v))
		for i, e := range v {
			fields[i] = abi.Field{Name: strconv.Itoa(i), Value: int64(e)}
		}
		return true, stringifyFields(b, fields)
	case *abi.Error:
		return true, stringifyFields(b, v.Props)
	default: // Map, Set, RegExp, ArrayBuffer have no enumerable properties
		b.WriteString("{}")
	}
	return true, nil
}

func stringifyFields(b *bytes.Buffer, fields []abi.Field) error {
	b.WriteByte('{')
	first := true
	for _, f := range fields {
		start := b.Len()
		if !first {
			b.WriteByte(',')
		}
		name, err := marshalText(f.Name)
		if err != nil {
			return err
		}
		b.Write(name)
		b.WriteByte(':')
		there, err := stringify(b, f.Value)
		if err != nil {
			return err
		}
		if !there {
			b.Truncate(start)
			continue
		}
		first = false
	}
	b.WriteByte('}')
	return nil
}

func marshalText(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// FromJSON turns what encoding/json decoded into a value.
func FromJSON(v any) abi.Value {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= abi.MaxSafeInt {
			return int64(v)
		}
		return v
	case []any:
		list := make(abi.Array, len(v))
		for i, e := range v {
			list[i] = FromJSON(e)
		}
		return list
	case map[string]any:
		o := make(abi.Object, 0, len(v))
		for name, e := range v {
			o = append(o, abi.Field{Name: name, Value: FromJSON(e)})
		}
		sort.Slice(o, func(i, j int) bool { return o[i].Name < o[j].Name })
		return o
	}
	return v
}
