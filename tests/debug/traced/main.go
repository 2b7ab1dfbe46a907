// Command traced is a Worker whose request goes to an object, which stores in D1 and asks the network.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/d1"
)

type keeper struct{}

var (
	class   = durables.Class("Keeper", func(context.Context, *durables.State) (*keeper, error) { return &keeper{}, nil })
	keep    = durables.Method(class, "keep", (*keeper).keep)
	keepers = class.Namespace("KEEPERS")
)

func (*keeper) keep(ctx context.Context, url string) (string, error) {
	if _, err := d1.Database("DB").Prepare("SELECT 1").Run(ctx); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := workers.Fetch(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		text, err := keep.Call(r.Context(), keepers.GetByName("one"), r.FormValue("url"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, text)
	})
	workers.Serve(nil)
}
