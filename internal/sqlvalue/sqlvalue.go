// Package sqlvalue converts between Go data and SQL values for objects' SQL and for D1: parameters one way (WriteArgs), columns and
// rows the other (Scan, ScanRow).
package sqlvalue

import (
	"database/sql/driver"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
)

// scanner is sql.Scanner; naming that would link database/sql into every module.
type scanner interface{ Scan(src any) error }

// WriteArgs appends the parameters of a statement as a list of Values.
func WriteArgs(w *abi.Writer, args []any) error {
	w.Uint(uint64(len(args)))
	for i, a := range args {
		if err := writeArg(w, a); err != nil {
			return fmt.Errorf("parameter %d: %w", i+1, err)
		}
	}
	return nil
}

func writeArg(w *abi.Writer, a any) error {
	switch a := a.(type) {
	case nil:
		w.Value(nil)
		return nil
	case string:
		w.String(a)
		return nil
	case int:
		return writeInt(w, int64(a))
	case int64:
		return writeInt(w, a)
	case float64:
		writeFloat(w, a)
		return nil
	case bool:
		w.Int(int64(boolInt(a)))
		return nil
	case []byte:
		if a == nil {
			w.Value(nil)
		} else {
			w.Value(a)
		}
		return nil
	case time.Time:
		w.Int(a.UnixMilli())
		return nil
	case driver.Valuer:
		v, err := a.Value()
		if err != nil {
			return err
		}
		return writeArg(w, v)
	}
	return writeKind(w, reflect.ValueOf(a))
}

func writeKind(w *abi.Writer, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			w.Value(nil)
			return nil
		}
		return writeArg(w, v.Elem().Interface())
	case reflect.Bool:
		w.Int(int64(boolInt(v.Bool())))
	case reflect.String:
		w.String(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return writeInt(w, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() > abi.MaxSafeInt {
			return beyond(strconv.FormatUint(v.Uint(), 10))
		}
		w.Int(int64(v.Uint()))
	case reflect.Float32, reflect.Float64:
		writeFloat(w, v.Float())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return writeArg(w, v.Bytes())
		}
		fallthrough
	default:
		return fmt.Errorf("%s cannot be bound; use a number, string, []byte, bool, time.Time or nil", v.Type())
	}
	return nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func writeInt(w *abi.Writer, v int64) error {
	if v > abi.MaxSafeInt || v < -abi.MaxSafeInt {
		return beyond(strconv.FormatInt(v, 10))
	}
	w.Int(v)
	return nil
}

func writeFloat(w *abi.Writer, v float64) {
	if math.IsNaN(v) {
		w.Value(nil) // as JavaScript's NaN
		return
	}
	w.Float(v)
}

func beyond(n string) error {
	return fmt.Errorf("integer %s is beyond ±2^53, which the runtime would round; bind it as a string and CAST it to INTEGER", n)
}

// Scan stores a column in dest.
func Scan(v abi.Value, dest any) error {
	if s, ok := dest.(scanner); ok {
		return s.Scan(codec.Natural(v))
	}
	d := reflect.ValueOf(dest)
	if d.Kind() != reflect.Pointer || d.IsNil() {
		return fmt.Errorf("destination must be a non-nil pointer, not %T", dest)
	}
	return scan(v, d.Elem())
}

func scan(v abi.Value, d reflect.Value) error {
	if d.CanAddr() {
		switch p := d.Addr().Interface().(type) {
		case *string:
			if s, ok := v.(string); ok {
				*p = s
				return nil
			}
		case *int64:
			if n, ok := v.(int64); ok {
				*p = n
				return nil
			}
		case *float64:
			if f, ok := v.(float64); ok {
				*p = f
				return nil
			}
		case scanner:
			return p.Scan(codec.Natural(v))
		}
	}
	if d.Kind() == reflect.Pointer {
		if v == nil {
			d.SetZero()
			return nil
		}
		d.Set(reflect.New(d.Type().Elem()))
		return scan(v, d.Elem())
	}
	if d.Kind() == reflect.Interface && d.NumMethod() == 0 {
		if v == nil {
			d.SetZero()
		} else {
			d.Set(reflect.ValueOf(v))
		}
		return nil
	}
	if codec.IsTime(d.Type()) {
		if ms, ok := integer(v); ok {
			d.Set(reflect.ValueOf(time.UnixMilli(ms).UTC()))
			return nil
		}
		return mismatch(v, d, "time.Time is stored as an integer of milliseconds")
	}
	return scanKind(v, d)
}

func scanKind(v abi.Value, d reflect.Value) error {
	switch d.Kind() {
	case reflect.String:
		switch v := v.(type) {
		case string:
			d.SetString(v)
			return nil
		case []byte:
			d.SetString(string(v))
			return nil
		case int64:
			d.SetString(strconv.FormatInt(v, 10))
			return nil
		case float64:
			d.SetString(strconv.FormatFloat(v, 'g', -1, 64))
			return nil
		}
	case reflect.Bool:
		if n, ok := integer(v); ok && (n == 0 || n == 1) {
			d.SetBool(n == 1)
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if f, ok := v.(float64); ok && math.Abs(f) > abi.MaxSafeInt && f == math.Trunc(f) {
			return mismatch(v, d, "it is beyond 2^53 and was rounded by the runtime; SELECT CAST(column AS TEXT) to read it exactly")
		}
		if n, ok := integer(v); ok && !d.OverflowInt(n) {
			d.SetInt(n)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n, ok := integer(v); ok && n >= 0 && !d.OverflowUint(uint64(n)) {
			d.SetUint(uint64(n))
			return nil
		}
	case reflect.Float32, reflect.Float64:
		switch v := v.(type) {
		case int64:
			d.SetFloat(float64(v))
			return nil
		case float64:
			d.SetFloat(v)
			return nil
		}
	case reflect.Slice:
		if d.Type().Elem().Kind() == reflect.Uint8 {
			switch v := v.(type) {
			case []byte:
				d.SetBytes(v)
				return nil
			case string:
				d.SetBytes([]byte(v))
				return nil
			case nil:
				d.SetZero()
				return nil
			}
		}
	}
	return mismatch(v, d, "")
}

func integer(v abi.Value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= abi.MaxSafeInt {
			return int64(v), true
		}
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	}
	return 0, false
}

func mismatch(v abi.Value, d reflect.Value, why string) error {
	if v == nil {
		return fmt.Errorf("NULL does not go into %s; scan into a pointer to it", d.Type())
	}
	if why != "" {
		why = ": " + why
	}
	return fmt.Errorf("%T %v does not go into %s%s", v, abbreviate(v), d.Type(), why)
}

func abbreviate(v abi.Value) string {
	s := fmt.Sprint(v)
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return s
}

// ScanRow stores a row in dest: a pointer to a struct or map[string]any by column names, or to a scalar for a single column.
// Columns without a field are an error, so that a misspelt one is noticed.
func ScanRow(columns []string, row []abi.Value, dest any) error {
	d := reflect.ValueOf(dest)
	if d.Kind() != reflect.Pointer || d.IsNil() {
		return fmt.Errorf("destination must be a non-nil pointer, not %T", dest)
	}
	if m, ok := dest.(*map[string]any); ok {
		*m = make(map[string]any, len(row))
		for i, v := range row {
			(*m)[columns[i]] = codec.Natural(v)
		}
		return nil
	}
	_, scans := dest.(scanner)
	if e := d.Elem(); e.Kind() == reflect.Struct && !scans && !codec.IsTime(e.Type()) {
		return scanStruct(columns, row, e)
	}
	if len(row) != 1 {
		return fmt.Errorf("the row has %d columns (%s), a %s takes one", len(row), strings.Join(columns, ", "), d.Elem().Type())
	}
	if err := Scan(row[0], dest); err != nil {
		return fmt.Errorf("column %q: %w", columns[0], err)
	}
	return nil
}

func scanStruct(columns []string, row []abi.Value, d reflect.Value) error {
	fields, err := fieldsOf(columns, d.Type())
	if err != nil {
		return err
	}
	for i, v := range row {
		field := d.FieldByIndex(fields[i].Index)
		if v == nil && field.Kind() != reflect.Pointer {
			if _, ok := field.Addr().Interface().(scanner); !ok {
				field.SetZero()
				continue
			}
		}
		if err := scan(v, field); err != nil {
			return fmt.Errorf("column %q: %w", columns[i], err)
		}
	}
	return nil
}

// plan is where the columns of a statement go in a struct.
type plan struct {
	columns []string
	t       reflect.Type
	fields  []*codec.Field
}

// lastPlan serves the rows of one statement, which come one after another with the same columns.
var lastPlan atomic.Pointer[plan]

func fieldsOf(columns []string, t reflect.Type) ([]*codec.Field, error) {
	if p := lastPlan.Load(); p != nil && p.t == t && len(columns) > 0 && len(p.columns) == len(columns) && &p.columns[0] == &columns[0] {
		return p.fields, nil
	}
	all := codec.Fields(t)
	p := &plan{columns, t, make([]*codec.Field, len(columns))}
	for i, name := range columns {
		f := codec.Find(all, name)
		if f == nil {
			f = codec.Find(all, strings.ReplaceAll(name, "_", ""))
		}
		if f == nil {
			return nil, fmt.Errorf("column %q has no field in %s", name, t)
		}
		p.fields[i] = f
	}
	lastPlan.Store(p)
	return p.fields, nil
}
