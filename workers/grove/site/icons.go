package site

import (
	"maps"
	"slices"

	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/markup"
)

// outlines are the icons that the panel draws, as lines on a grid of 24. Other names are kept, and shown as a mark.
var outlines = map[string]string{
	"bell":      "M6 17v-6a6 6 0 0 1 12 0v6l2 2H4zM10 19a2 2 0 0 0 4 0",
	"book":      "M5 4h9a4 4 0 0 1 4 4v12H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h10",
	"bookmark":  "M6 4h12v16l-6-4l-6 4z",
	"briefcase": "M3 8h18v12H3zM9 8V4h6v4M3 13h18",
	"calendar":  "M4 6h16v14H4zM4 10h16M8 3v5M16 3v5",
	"camera":    "M3 8h4l2-3h6l2 3h4v11H3zM12 10a3 3 0 1 0 0 6a3 3 0 1 0 0-6",
	"cloud":     "M7 19a4 4 0 0 1 0-8a6 6 0 0 1 11-1a4.5 4.5 0 0 1 0 9z",
	"coffee":    "M5 9h11v6a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4zM16 11h2a2 2 0 0 1 0 4h-2M8 3v3M12 3v3",
	"flag":      "M5 21V4h13l-3 4l3 4H5",
	"folder":    "M3 6h6l2 2h10v11H3z",
	"gift":      "M4 9h16v4H4zM6 13v8h12v-8M12 9v12M12 9c-3 0-5-6-2-5c2 1 2 5 2 5s0-4 2-5c3-1 1 5-2 5",
	"globe":     "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M3 12h18M12 3c-5 5-5 13 0 18c5-5 5-13 0-18",
	"heart":     "M12 20l-7-7a4.5 4.5 0 0 1 7-6a4.5 4.5 0 0 1 7 6z",
	"home":      "M4 11l8-7l8 7v9H4zM10 20v-6h4v6",
	"image":     "M4 5h16v14H4zM4 16l5-5l5 5l2-2l4 4",
	"leaf":      "M20 4c-9 0-15 4-15 11c0 2 1 4 3 4c7 0 12-5 12-15zM4 21c2-5 5-8 9-10",
	"mail":      "M3 6h18v13H3zM3 7l9 7l9-7",
	"map":       "M4 6l5-2l6 2l5-2v14l-5 2l-6-2l-5 2zM9 4v14M15 6v14",
	"music":     "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0a2.5 2.5 0 1 1 5 0M19 16a2.5 2.5 0 1 1-5 0a2.5 2.5 0 1 1 5 0",
	"rocket":    "M12 3c4 3 5 8 4 13H8c-1-5 0-10 4-13zM8 12l-4 5h4M16 12l4 5h-4M12 8v2M10 20h4",
	"star":      "M12 3l2.8 5.7l6.2.9l-4.5 4.4l1.1 6.2l-5.6-3l-5.6 3l1.1-6.2l-4.5-4.4l6.2-.9z",
	"sun":       "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5l1.5 1.5M5 19l1.5-1.5M17.5 6.5l1.5-1.5",
	"tag":       "M4 4h8l8 8l-8 8l-8-8zM8 8h.01",
}

const mark = "M12 9a3 3 0 1 0 0 6a3 3 0 1 0 0-6"

// withIcon adds to what is shown of a section the picture of its icon: an image of the site, or an outline.
func withIcon(s tenant.Section, data markup.Data) markup.Data {
	outline, drawn := outlines[s.ShownIcon]
	if !drawn {
		outline = mark
	}
	data["image"], data["outline"] = s.IconImage, outline
	return data
}

// iconNames are those that a tier is offered.
func iconNames(tier string) []markup.Data {
	list := []markup.Data{}
	for _, name := range slices.Sorted(maps.Keys(outlines)) {
		if tenant.HasIcon(tier, name) {
			list = append(list, markup.Data{"name": name})
		}
	}
	return list
}
