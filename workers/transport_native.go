//go:build !(js && wasm)

package workers

import "net/http"

func nativeTransport() http.RoundTripper { return http.DefaultTransport }
