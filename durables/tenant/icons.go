package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"grove.place/lattice/workers/grove/ids"
)

// BasicIcons are those that the tier sapling chooses from. Oak and evergreen may use every name of an icon, evergreen an image of the site as well.
var BasicIcons = []string{"book", "calendar", "camera", "coffee", "heart", "home", "leaf", "map", "music", "star"}

// MediaIcon is what the icon begins with that is an image of the site; its id follows.
const MediaIcon = "media:"

// HasIcon reports whether a tier has an icon.
func HasIcon(tier, icon string) bool {
	at := slices.Index(Tiers, tier)
	switch {
	case strings.HasPrefix(icon, MediaIcon):
		return at >= slices.Index(Tiers, "evergreen")
	case slices.Contains(BasicIcons, icon):
		return true
	}
	return at >= slices.Index(Tiers, "oak")
}

// validIcon takes names as Lucide has them, and images.
func validIcon(icon string) bool {
	if id, isImage := strings.CutPrefix(icon, MediaIcon); isImage {
		return ids.Valid(id)
	}
	return icon != "" && len(icon) <= 40 && strings.IndexFunc(icon, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') }) < 0
}

// checkIcon checks a choice: the tier must have it, and an image must be one of this site's that has only pixels.
func (t *Tenant) checkIcon(ctx context.Context, c *Config, icon string) (problem string, err error) {
	if !HasIcon(c.Tier, icon) {
		return "icon", nil
	}
	id, isImage := strings.CutPrefix(icon, MediaIcon)
	if !isImage {
		return "", nil
	}
	var mime string
	found, err := db.Prepare(`SELECT mime FROM media WHERE tenant_id = ? AND id = ?`).Bind(t.id, id).First(ctx, &mime)
	switch {
	case err != nil:
		return "", fmt.Errorf("tenant: look for the image of an icon: %w", err)
	case !found || !slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, mime):
		return "image", nil
	}
	return "", nil
}
