package wrangler

import (
	"maps"
	"strings"
)

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

// Override sets a setting at the top of those in effect to what the command line says, which the file does not.
func (c *Config) Override(name string, v any) error {
	c.settings = maps.Clone(c.settings)
	if c.settings == nil {
		c.settings = map[string]any{}
	}
	c.settings[name] = v
	return c.apply()
}
