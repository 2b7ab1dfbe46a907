//go:build js && wasm

// Command json is a JSON server with variables, as programs for github.com/syumai/workers have them.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
)

type greetRequest struct {
	Name string `json:"name"`
}

type greetResponse struct {
	Message string `json:"message"`
}

func greet(w http.ResponseWriter, r *http.Request) {
	var in greetRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, "not JSON: "+err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Add("Set-Cookie", "a=1")
	w.Header().Add("Set-Cookie", "b=2; Path=/")
	json.NewEncoder(w).Encode(greetResponse{cloudflare.Getenv("GREETING") + ", " + in.Name + " 😀"})
}

func limits(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%d a minute\n", cloudflare.GetBinding("LIMITS").Get("perMinute").Int())
}

func secret(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "undefined: %v\n", cloudflare.GetBinding("NOT_THERE").IsUndefined())
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /greet", greet)
	mux.HandleFunc("/limits", limits)
	mux.HandleFunc("/secret", secret)
	workers.Serve(mux)
}
