package wrangler

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// FileNames are the names of the configuration, in the order in which wrangler looks for them.
var FileNames = []string{"wrangler.json", "wrangler.jsonc", "wrangler.toml"}

// Find looks for the configuration in dir and the folders above it as wrangler does: first for a wrangler.json in any of them, then for a wrangler.jsonc, then
// for a wrangler.toml. Without any it returns wrangler.toml in dir. The notes say what else could have been meant.
func Find(dir string) (path string, notes []string) {
	for _, name := range FileNames {
		if path = upwards(dir, name); path != "" {
			break
		}
	}
	if path == "" {
		return filepath.Join(dir, "wrangler.toml"), nil
	}
	for _, name := range FileNames {
		if other := upwards(dir, name); other != "" && other != path && len(filepath.Dir(absolute(other))) >= len(filepath.Dir(absolute(path))) {
			notes = append(notes, fmt.Sprintf("%s is not read: wrangler takes a wrangler.json first, in this folder or one above, then a wrangler.jsonc, then a wrangler.toml; keep one, or choose with --config", other))
		}
	}
	return path, append(notes, redirect(path)...)
}

// upwards returns the file of that name in dir or the nearest folder above, or "".
func upwards(dir, name string) string {
	for at := absolute(dir); ; at = filepath.Dir(at) {
		if path := filepath.Join(at, name); exists(path) {
			if rel, err := filepath.Rel(absolute("."), path); err == nil {
				return rel
			}
			return path
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// redirect notes that a build tool has told wrangler to deploy another configuration than the one at path.
func redirect(path string) []string {
	file := filepath.Join(filepath.Dir(path), ".wrangler", "deploy", "config.json")
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var to struct {
		Path string `json:"configPath"`
	}
	if json.Unmarshal(withoutComments(data), &to) != nil || to.Path == "" {
		return []string{fmt.Sprintf("%s has no configPath: wrangler refuses to go on until it has one, or is deleted", file)}
	}
	if !filepath.IsAbs(to.Path) {
		to.Path = filepath.Join(filepath.Dir(file), to.Path)
	}
	if absolute(to.Path) == absolute(path) {
		return nil
	}
	return []string{fmt.Sprintf("%s makes wrangler read %s instead of %s, which Lattice reads: delete it if it is left over, or choose the other with --config", file, to.Path, path)}
}

// besides names the configurations in the folder of a path that is not there.
func besides(path string) string {
	var found []string
	for _, name := range FileNames {
		if other := filepath.Join(filepath.Dir(path), name); other != filepath.Clean(path) && exists(other) {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return "; beside it is " + strings.Join(found, " and ")
}
