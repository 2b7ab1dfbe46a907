// Package meadow is the social part of Grove, on the apex host: feeds, who follows and blocks whom, and notifications.
//
// The one idea: whose feed, list or notification it is, is the session's to say and never the request's. Each signed-in visitor talks to their own FeedDO and
// NotificationDO; what others did reaches these through the queue that FanOut consumes, and through the objects that tell of it. Start with the table of routes,
// then fanout.go.
package meadow

import "grove.place/lattice/workers/d1"

var db = d1.Database("DB")
