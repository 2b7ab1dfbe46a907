package wrangler

import "strings"

// Setting returns a value of the settings in effect by its path, "observability" or "durable_objects.code_update_strategy", as the file has it; or nil.
// It is for what Config has no field for, because only deployments have a use for it.
func (c *Config) Setting(path string) any {
	var v any = c.settings
	for name := range strings.SplitSeq(path, ".") {
		table, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = table[name]
	}
	if table, ok := v.(map[string]any); ok && table == nil {
		return nil
	}
	return v
}
