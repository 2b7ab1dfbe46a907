// Package versionmetadata tells which version of the Worker runs. Start with Binding.
//
//	version, err := versionmetadata.Binding("CF_VERSION_METADATA").Get(ctx)
//
// See https://developers.cloudflare.com/workers/runtime-apis/bindings/version-metadata/.
package versionmetadata

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"grove.place/lattice/internal/guest"
)

// VersionBinding is the binding of that name. It may be kept in a package-level variable.
type VersionBinding struct{ binding string }

// Binding returns the binding under [version_metadata] in wrangler.toml.
func Binding(binding string) VersionBinding { return VersionBinding{binding} }

// Version is an uploaded version of the Worker. On the local host it is another one with each start.
type Version struct {
	ID        string    `json:"id"`
	Tag       string    `json:"tag"`       // what `wrangler versions upload --tag` was given, or empty
	Timestamp time.Time `json:"timestamp"` // when it was uploaded
}

// Get returns the version that runs.
func (b VersionBinding) Get(ctx context.Context) (Version, error) {
	env, err := guest.Env(ctx)
	if err != nil {
		return Version{}, err
	}
	found, ok := env[b.binding]
	if !ok {
		return Version{}, guest.MissingBinding(ctx, b.binding, "version metadata", fmt.Sprintf("[version_metadata]\nbinding = %q", b.binding))
	}
	var v Version
	if err := json.Unmarshal([]byte(found.Value), &v); found.Kind != "json" || err != nil || v.ID == "" {
		return Version{}, fmt.Errorf("binding %q is of kind %s, and no version metadata", b.binding, found.Kind)
	}
	return v, nil
}
