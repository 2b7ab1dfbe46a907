//go:build js && wasm

// Command rooms calls methods of Durable Objects, through the library's binding and syscall/js, for github.com/syumai/workers.
package main

import (
	"fmt"
	"net/http"
	"strconv"
	"syscall/js"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
)

// await waits for a promise.
func await(p js.Value) (js.Value, error) {
	result := make(chan js.Value, 1)
	failed := make(chan error, 1)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any { result <- args[0]; return nil })
	fail := js.FuncOf(func(_ js.Value, args []js.Value) any {
		failed <- fmt.Errorf("%s", args[0].Call("toString").String())
		return nil
	})
	defer then.Release()
	defer fail.Release()
	p.Call("then", then, fail)
	select {
	case v := <-result:
		return v, nil
	case err := <-failed:
		return js.Value{}, err
	}
}

func main() {
	http.HandleFunc("/call/{method}", func(w http.ResponseWriter, r *http.Request) {
		binding := "ROOM"
		if b := r.URL.Query().Get("binding"); b != "" {
			binding = b
		}
		var args []any
		for _, a := range r.URL.Query()["arg"] {
			if n, err := strconv.Atoi(a); err == nil {
				args = append(args, n)
				continue
			}
			args = append(args, a)
		}
		var stub js.Value
		if service := r.URL.Query().Get("service"); service != "" {
			stub = cloudflare.GetBinding(service)
		} else {
			stub = cloudflare.GetBinding(binding).Call("getByName", "lobby")
		}
		v, err := await(stub.Call(r.PathValue("method"), args...))
		switch {
		case err != nil:
			fmt.Fprintln(w, err)
		case v.Type() == js.TypeObject:
			fmt.Fprintln(w, js.Global().Get("JSON").Call("stringify", v).String())
		default:
			fmt.Fprintln(w, v.String())
		}
	})
	workers.Serve(nil)
}
