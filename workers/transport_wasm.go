//go:build js && wasm

package workers

import "net/http"

func useDefaultTransport() { http.DefaultTransport = Transport }
