package bundler

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sourceMap is that of the bundle, with the sources by their paths from the project's folder.
func (b *bundle) sourceMap(main, out string, text []byte) (*Module, error) {
	var m struct {
		Version  int      `json:"version"`
		Root     string   `json:"sourceRoot"`
		Sources  []string `json:"sources"`
		Contents []string `json:"sourcesContent"`
		Mappings string   `json:"mappings"`
		Names    []string `json:"names"`
		File     string   `json:"file"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("esbuild's source map: %w", err)
	}
	m.Root, m.File = "", main
	for i, s := range m.Sources {
		if strings.Contains(s, ":") {
			continue // of a plugin, and no file
		}
		if rel, err := filepath.Rel(b.Root, filepath.Join(out, filepath.FromSlash(s))); err == nil {
			m.Sources[i] = filepath.ToSlash(rel)
		}
	}
	content, err := json.Marshal(m)
	return &Module{main + ".map", TypeSourceMap, content}, err
}

// scanMaps finds the source maps that modules of JavaScript name at their end. One that is not there is no error.
func scanMaps(files []file) (maps []Module) {
	for _, m := range files {
		if m.Type != TypeModule && m.Type != TypeCommonJS {
			continue
		}
		lines := strings.Split(strings.TrimRight(string(m.Content), " \r\n\t"), "\n")
		name, ok := strings.CutPrefix(strings.TrimSpace(lines[len(lines)-1]), "//# sourceMappingURL=")
		if !ok || strings.HasPrefix(name, "data:") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(filepath.Dir(m.path), filepath.FromSlash(name)))
		var table map[string]any
		if err != nil || json.Unmarshal(text, &table) != nil {
			continue
		}
		table["file"] = m.Name
		if root, ok := table["sourceRoot"].(string); ok && root != "" {
			table["sourceRoot"] = inside(root)
		}
		sources, _ := table["sources"].([]any)
		for i, s := range sources {
			if s, ok := s.(string); ok {
				sources[i] = inside(s)
			}
		}
		if content, err := json.Marshal(table); err == nil {
			maps = append(maps, Module{m.Name + ".map", TypeSourceMap, content})
		}
	}
	return maps
}

// inside takes away what leads out of a folder.
func inside(path string) string {
	for {
		rest, up := strings.CutPrefix(path, "../")
		if rest, here := strings.CutPrefix(rest, "./"); here || up {
			path = rest
			continue
		}
		return path
	}
}
