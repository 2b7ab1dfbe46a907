package site

import (
	"net/http"

	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/posts"
)

// What readers say to a post. The first comments are in the page, for those without JavaScript and for the first glance; the module post.mjs goes on from there.

// reactionTypes are the reactions that there are, with the outline of their icon on a grid of 24.
var reactionTypes = []struct{ value, name, icon string }{
	{"like", "Like", "M7 11v9H4v-9zM7 11l4-7c1.6 0 2.5 1 2.2 2.600L12.500 10H19a1.500 1.500 0 0 1 1.500 1.800l-1.300 6.700A2 2 0 0 1 17.200 20H7"},
	{"love", "Love", "M12 20S4 15 4 9.200C4 6.600 6 5 8 5c1.700 0 3.200 1 4 2.600C12.800 6 14.300 5 16 5c2 0 4 1.600 4 4.200C20 15 12 20 12 20z"},
	{"insightful", "Insightful", "M9 17a6 6 0 1 1 6 0v2H9zM10 21h4"},
	{"bookmark", "Bookmark", "M7 4h10v16l-5-4-5 4z"},
}

func conversation(r *http.Request, v *access.Visit, p *posts.Post) markup.Data {
	reactions := []markup.Data{}
	for _, t := range reactionTypes {
		reactions = append(reactions, markup.Data{"type": t.value, "name": t.name, "icon": t.icon, "pressed": "false", "count": ""})
	}
	return markup.Data{"comments": v.Config.CommentsEnabled, "me": "", "seq": "0", "nextComments": "", "reactions": reactions, "partial": false,
		"list": []markup.Data{}, "any": false, "older": ""}
}
