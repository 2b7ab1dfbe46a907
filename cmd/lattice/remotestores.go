package main

import (
	"bytes"
	"encoding/base64"
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

// remoteKV is a namespace of the account.
type remoteKV struct{ remote }

// refused is an error that names the binding.
func (k *remoteKV) refused(err error) error {
	if cloudflare.IsNoNamespace(err) {
		err = errors.New("the account has no such KV namespace: `lattice kv namespace list` shows those that there are, `lattice kv namespace create` makes one")
	}
	return k.failed(err)
}

// Get implements local.KVStore. The value and its metadata are two requests.
func (k *remoteKV) Get(key string, _ int64) (*local.KVEntry, error) {
	ctx, stop := k.within(0)
	defer stop()
	value, err := k.client.Value(ctx, k.id, key)
	if cloudflare.IsNoKey(err) {
		return nil, nil
	}
	if err != nil {
		return nil, k.refused(err)
	}
	metadata, err := k.client.Metadata(ctx, k.id, key)
	if cloudflare.IsNoKey(err) {
		return nil, nil // deleted between them
	}
	return &local.KVEntry{Key: key, Value: value, Metadata: jsonText(metadata)}, k.refused(err)
}

func jsonText(v json.RawMessage) string {
	if string(v) == "null" {
		return ""
	}
	return string(v)
}

// Put implements local.KVStore.
func (k *remoteKV) Put(e local.KVEntry, _ int64) error {
	ctx, stop := k.within(0)
	defer stop()
	var metadata json.RawMessage
	if e.Metadata != "" {
		metadata = json.RawMessage(e.Metadata)
	}
	return k.refused(k.client.PutValue(ctx, k.id, e.Key, e.Value, e.Expiration, 0, metadata))
}

// Delete implements local.KVStore.
func (k *remoteKV) Delete(key string) error {
	ctx, stop := k.within(0)
	defer stop()
	return k.refused(k.client.DeleteValue(ctx, k.id, key))
}

// page is a place in a list: a cursor of the API, and how many keys of its page were given out.
type page struct {
	Cursor string `json:"c"`
	Given  int    `json:"n"`
}

// List implements local.KVStore. The API's pages have a length of their own.
func (k *remoteKV) List(prefix, cursor string, limit int, _ int64) (list []local.KVEntry, next string, err error) {
	ctx, stop := k.within(0)
	defer stop()
	var at page
	if cursor != "" {
		text, err := base64.StdEncoding.DecodeString(cursor)
		if err != nil || json.Unmarshal(text, &at) != nil || at.Given < 0 {
			return nil, "", errors.New("400 Invalid cursor: it is not one of a list before.")
		}
	}
	keys, following, err := k.client.Keys(ctx, k.id, prefix, at.Cursor)
	if err != nil {
		return nil, "", k.refused(err)
	}
	keys = keys[min(at.Given, len(keys)):]
	if len(keys) > limit {
		keys, at.Given = keys[:limit], at.Given+limit
	} else {
		at = page{Cursor: following}
	}
	for _, e := range keys {
		list = append(list, local.KVEntry{Key: e.Name, Expiration: e.Expiration, Metadata: jsonText(e.Metadata)})
	}
	if at != (page{}) {
		text, err := json.Marshal(at)
		if err != nil {
			return nil, "", err
		}
		next = base64.StdEncoding.EncodeToString(text)
	}
	return list, next, nil
}

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
