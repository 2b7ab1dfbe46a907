//go:build js && wasm

package main

import (
	"encoding/json"

	"grove.place/lattice/workers/cloudflare/js"
)

type value struct {
	N    *float64 `json:"n,omitempty"`
	List []any    `json:"list,omitempty"`
}

func describeValue(body js.Value) string {
	var v value
	if n := body.Get("n"); n.Type() == js.TypeNumber {
		f := n.Float()
		v.N = &f
	}
	if list := body.Get("list"); !list.IsUndefined() {
		for i := range list.Length() {
			switch e := list.Index(i); e.Type() {
			case js.TypeNumber:
				v.List = append(v.List, e.Int())
			case js.TypeString:
				v.List = append(v.List, e.String())
			default:
				v.List = append(v.List, nil)
			}
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return "value " + string(text)
}
