package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/cloudflare"
	local "grove.place/lattice/local-runtime"
)

// remoteD1 is a database of the account.
type remoteD1 struct{ remote }

// wrongSQL is the API's code for statements that the database refuses.
const wrongSQL = 7500

// Bookmark implements local.D1Store: the API has none.
func (*remoteD1) Bookmark() (string, error) { return "", nil }

// Run implements local.D1Store.
func (d *remoteD1) Run(mode byte, statements []local.D1Statement) ([]local.D1Result, error) {
	ctx, stop := d.within(0)
	defer stop()
	var batch []cloudflare.Statement
	for _, s := range statements {
		one := cloudflare.Statement{SQL: s.SQL}
		for _, v := range s.Args {
			one.Params = append(one.Params, toJSON(v))
		}
		batch = append(batch, one)
	}
	begun := time.Now()
	answers, err := d.client.Batch(ctx, d.id, batch)
	if refused, ok := errors.AsType[*cloudflare.Error](err); ok && refused.Code == wrongSQL {
		return nil, abi.Errorf("D1_ERROR: %s", refused.Message)
	}
	if cloudflare.IsNotFound(err) {
		err = fmt.Errorf("the account has no D1 database %s: `lattice d1 list` shows those that there are, `lattice d1 create` makes one", d.id)
	}
	if err != nil {
		return nil, abi.Errorf("D1_ERROR: %v", d.failed(err))
	}
	if mode == abi.D1Exec {
		meta := abi.Object{{Name: "count", Value: int64(len(answers))}, {Name: "duration", Value: float64(time.Since(begun).Milliseconds())}}
		return []local.D1Result{{Meta: meta}}, nil
	}
	var list []local.D1Result
	for _, a := range answers {
		r := local.D1Result{Columns: a.Results.Columns}
		for _, row := range a.Results.Rows {
			values := make([]abi.Value, len(row))
			for i, v := range row {
				values[i] = fromJSON(v)
			}
			r.Rows = append(r.Rows, values)
		}
		if mode != abi.D1Raw {
			r = local.AsObjects(r)
			r.Meta = metaOf(a.Meta)
		}
		list = append(list, r)
	}
	return list, nil
}

// toJSON is a value that is bound, as D1's protocol writes it.
func toJSON(v abi.Value) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case bool:
		if v {
			return 1
		}
		return 0
	case []byte:
		list := make([]int, len(v))
		for i, b := range v {
			list[i] = int(b)
		}
		return list
	}
	return v
}

// fromJSON is a value of a row, or of what is told about a statement.
func fromJSON(v any) abi.Value {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil && !strings.ContainsAny(v.String(), ".eE") {
			return n
		}
		f, _ := v.Float64() // JSON's numbers are numbers
		return f
	case []any:
		b := make([]byte, len(v))
		for i, n := range v {
			n, _ := fromJSON(n).(int64)
			b[i] = byte(n)
		}
		return b
	case map[string]any:
		o := abi.Object{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			o = append(o, abi.Field{Name: name, Value: fromJSON(v[name])})
		}
		return o
	}
	return v
}

func metaOf(text json.RawMessage) abi.Value {
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return abi.Object{}
	}
	return fromJSON(v)
}
