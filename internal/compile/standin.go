package compile

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

//go:embed std/tls/tls.go
var tlsStandIn []byte

// packages prints of each package that a program is linked from: its path, the packages it imports, its folder and its files.
const packages = `{{.ImportPath}}|{{join .Imports " "}}|{{.Dir}}|{{join .GoFiles " "}}`

// standIn returns the file for the -overlay flag that puts the package in std/tls in the place of crypto/tls, or "" if the program needs the genuine
// one: because it, or a package besides net/http, imports it, or because it cannot be told. What is wrong with the program is for go build to say.
func standIn(ctx context.Context, tmp, dir, pkg string) string {
	if strings.Contains(os.Getenv("GOFLAGS"), "-overlay") {
		return "" // there can be only one
	}
	out, err := goCommand(ctx, dir, "list", "-deps", "-f", packages, pkg).Output()
	if err != nil {
		return ""
	}
	replace := map[string]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(fields) != 4 {
			return ""
		}
		path, imports, folder, files := fields[0], fields[1], fields[2], fields[3]
		if path == "crypto/tls" {
			for _, file := range strings.Fields(files) {
				replace[filepath.Join(folder, file)] = "" // as if it were not there
			}
			replace[filepath.Join(folder, "tls.go")] = filepath.Join(tmp, "tls.go")
		}
		if path != "net/http" && path != "net/http/httptrace" && strings.Contains(" "+imports+" ", " crypto/tls ") {
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
