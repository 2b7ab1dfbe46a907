package devoidc

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"grove.place/lattice/workers/heartwood/keyring"
)

// DefaultAddress is where the provider listens for `make dev`.
const DefaultAddress = "127.0.0.1:8799"

// DefaultClient is the client that Grove is in development. Its secret protects nothing.
var DefaultClient = Client{ID: "grove-dev", Secret: "grove-dev-secret"}

// Variables are Grove's variables and secrets by name.
type Variables map[string]string

// Vars returns what Grove needs to run at domain and to sign in with the provider at issuer; the keys in it are new.
func Vars(domain, issuer string, client Client) Variables {
	providers, _ := json.Marshal([]map[string]any{{
		"id": "dev", "name": "Development", "issuer": issuer, "clientId": client.ID, "secretEnv": "OIDC_DEV_SECRET",
	}})
	return Variables{
		"GROVE_DOMAIN":    domain,
		"OIDC_PROVIDERS":  string(providers),
		"OIDC_DEV_SECRET": client.Secret,
		"SESSION_KEYS":    keyring.Generate("k1"),
		"TOKEN_KEYS":      keyring.Generate("t1"),
	}
}

// File is the contents of a .dev.vars file.
func (v Variables) File() string {
	var b strings.Builder
	b.WriteString("# For development on this machine only. Delete the file to get new keys; everybody is signed out then.\n")
	for _, name := range slices.Sorted(maps.Keys(v)) {
		fmt.Fprintf(&b, "%s='%s'\n", name, v[name])
	}
	return b.String()
}
