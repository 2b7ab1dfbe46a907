package deploy

import "grove.place/lattice/internal/cloudflare"

// Draft is a Worker that does nothing yet: what holds secrets before the first deployment.
func Draft(name string) *cloudflare.Upload {
	return &cloudflare.Upload{
		Metadata: map[string]any{"main_module": name, "bindings": []any{}, "logpush": false},
		Modules:  []cloudflare.Module{{Name: name, Type: "application/javascript+module", Content: []byte("export default { fetch() {} }")}},
	}
}
