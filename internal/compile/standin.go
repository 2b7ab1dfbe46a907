package compile

import (
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed std/tls/tls.go
var tlsStandIn []byte

// standIn returns the file for the -overlay flag that puts the package in std/tls in the place of crypto/tls, or "" if the program needs the genuine
// one: because it, or a package besides net/http, imports it, or because it cannot be told. What is wrong with the program is for go build to say.
func standIn(tmp string, packages []listed) string {
	if strings.Contains(os.Getenv("GOFLAGS"), "-overlay") {
		return "" // there can be only one
	}
	replace := map[string]string{}
	for _, p := range packages {
		if p.path == "crypto/tls" {
			for _, file := range p.files {
				replace[filepath.Join(p.dir, file)] = "" // as if it were not there
			}
			replace[filepath.Join(p.dir, "tls.go")] = filepath.Join(tmp, "tls.go")
		}
		if p.path != "net/http" && p.path != "net/http/httptrace" && slices.Contains(p.imports, "crypto/tls") {
			return ""
		}
	}
	if len(replace) == 0 {
		return ""
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil || os.WriteFile(filepath.Join(tmp, "tls.go"), tlsStandIn, 0o600) != nil {
		return ""
	}
	file := filepath.Join(tmp, "overlay.json")
	if os.WriteFile(file, overlay, 0o600) != nil {
		return ""
	}
	return file
}
