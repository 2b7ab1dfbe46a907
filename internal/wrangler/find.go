package wrangler

import "path/filepath"

// Find returns path, or wrangler.json or wrangler.jsonc beside it when path is a wrangler.toml that is not there.
func Find(path string) string {
	if filepath.Base(path) != "wrangler.toml" {
		return path
	}
	for _, name := range []string{"wrangler.json", "wrangler.jsonc"} {
		if other := filepath.Join(filepath.Dir(path), name); exists(other) && !exists(path) {
			return other
		}
	}
	return path
}
