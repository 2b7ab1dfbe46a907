package coverage

// What Grove's design names. An item of promised must be in the code under that very name; renamed says what the code calls it instead, and the note of that
// row must say the design's name; apart are promises of which nothing in the code has the name, with a row of their own and a note that says what does it.

var promised = map[string][]string{
	Methods: {
		"SessionDO.createSession", "SessionDO.validateSession", "SessionDO.refreshSession", "SessionDO.revokeSession", "SessionDO.revokeAllSessions",
		"SessionDO.listSessions", "SessionDO.recordLoginAttempt",
		"TenantDO.admit", "TenantDO.getConfig", "TenantDO.updateConfig", "TenantDO.checkRateLimit", "TenantDO.recordEvent", "TenantDO.flushAnalytics", "TenantDO.fetch",
		"TenantDO.saveDraft", "TenantDO.getDraft", "TenantDO.listDrafts", "TenantDO.deleteDraft", "TenantDO.getAdminConfig", "TenantDO.updateAdminConfig",
		"TenantDO.getCustomSections", "TenantDO.addSection", "TenantDO.updateSection", "TenantDO.removeSection", "TenantDO.reorderSections",
		"TenantDO.getDashboardStats", "TenantDO.refreshDashboardStats",
		"TenantDO.getTrail", "TenantDO.setTrail", "TenantDO.invalidateTrail", "TenantDO.queueWaypointUpdate", "TenantDO.flushWaypointUpdates",
		"PostDO.toggleReaction", "PostDO.setReaction", "PostDO.getReactionCounts", "PostDO.addComment", "PostDO.getRecentComments", "PostDO.fetch", "PostDO.getPresence", "PostDO.flush",
		"FeedDO.getFeed", "FeedDO.addToFeed", "FeedDO.updateFollowing", "FeedDO.rebuildFeed", "FeedDO.updatePostMetadata",
		"NotificationDO.addNotification", "NotificationDO.getNotifications", "NotificationDO.markRead", "NotificationDO.fetch", "NotificationDO.getUnreadCount",
		"AnalyticsDO.recordEvents", "AnalyticsDO.getStats", "AnalyticsDO.finalize",
	},
	ObjectTables: {
		"SessionDO.sessions", "TenantDO.config", "TenantDO.analytics_buffer", "TenantDO.rate_limits", "PostDO.reactions", "PostDO.reaction_counts", "PostDO.comments_buffer",
		"FeedDO.feed_items", "FeedDO.following", "NotificationDO.notifications", "AnalyticsDO.hourly_stats", "AnalyticsDO.page_stats", "AnalyticsDO.visitor_hashes",
	},
	Messages: {
		"server: reaction", "server: comment", "server: presence", "server: typing", "server: hello", "server: ack", "server: error", "server: resync",
		"client: react", "client: comment", "client: typing", "client: resync",
		"dashboard: hello", "dashboard: event", "notifications: unread", "close: 4401", "close: 4403", "close: 4429", "ping and pong",
	},
	Endpoints: {
		"POST /auth/logout", "GET /auth/session", "GET /auth/sessions", "DELETE /auth/sessions/{id}", "POST /auth/sessions/revoke-all",
		"GET /api/admin/config", "PUT /api/admin/config", "GET /api/admin/drafts", "GET /api/admin/drafts/{id}", "PUT /api/admin/drafts/{id}", "DELETE /api/admin/drafts/{id}",
		"GET /api/admin/sections", "POST /api/admin/sections", "PUT /api/admin/sections/{id}", "DELETE /api/admin/sections/{id}", "POST /api/admin/sections/reorder",
		"GET /api/admin/stats", "POST /api/admin/stats/refresh", "GET /api/admin/analytics", "GET /api/live",
		"GET /api/admin/posts", "POST /api/admin/posts", "GET /api/admin/posts/{id}", "PUT /api/admin/posts/{id}", "DELETE /api/admin/posts/{id}",
		"POST /api/admin/posts/{id}/publish", "POST /api/admin/posts/{id}/unpublish", "GET /api/admin/comments", "GET /api/admin/trails", "GET /api/admin/members",
		"GET /api/posts/{id}/ws", "GET /api/posts/{id}/comments", "POST /api/posts/{id}/comments", "PATCH /api/comments/{id}", "DELETE /api/comments/{id}",
		"PUT /api/posts/{id}/reactions/{type}", "DELETE /api/posts/{id}/reactions/{type}", "GET /api/posts/{id}/presence",
		"GET /api/feed", "PUT /api/following/{userId}", "DELETE /api/following/{userId}", "GET /api/notifications", "GET /api/notifications/unread",
		"POST /api/notifications/read", "GET /api/notifications/ws",
	},
	Pages: {"GET /auth/login", "GET /auth/login/{provider}", "GET /auth/callback/{provider}", "GET /settings/sessions"},
}

var renamed = map[string]map[string]string{
	Tasks: {
		"every 60 seconds, flush analytics": "TenantDO: flush visits", "every 5 minutes, save drafts": "TenantDO: copy drafts",
		"every 5 minutes, flush waypoint updates": "TenantDO: flush waypoints",
		"every 30 seconds, flush comments":        "PostDO: flush comments", "every 5 minutes, sync reaction counts": "PostDO: flush reactions",
		"every hour, prune old feed items": "FeedDO: prune", "rebuild when following changes significantly": "FeedDO: rebuild",
		"at midnight, finalize stats": "AnalyticsDO: finalize",
	},
	ObjectTables: {"aggregated": "NotificationDO.notifications"},
	Pages: {
		"sign-in": "GET /auth/login", "sessions": "GET /settings/sessions", "tenant home": "GET /{$}", "feed": "GET /{$}", "post": "GET /posts/{slug}", "trail": "GET /trails/{slug}",
		"notifications bell": "GET /notifications", "dashboard": "GET /admin", "posts": "GET /admin/posts", "editor, with its conflict dialog": "GET /admin/posts/{id}",
		"sections manager": "GET /admin/sections", "analytics": "GET /admin/analytics", "images": "GET /admin/images", "trails": "GET /admin/trails", "settings": "GET /admin/settings",
	},
}

var apart = map[string][]string{
	Tasks: {
		"SessionDO: every hour, clean up expired sessions", "SessionDO: on lockout, clear it after its duration",
		"TenantDO: every 5 minutes, refresh the configuration", "TenantDO: every hour, refresh the dashboard stats",
	},
	ObjectTables: {"PostDO.presence"},
	Pages:        {"404", "suspended", "429"},
	Improvements: {
		"login: 15 s to 2-3 s", "session validation: a DO call instead of a D1 query", "log out all devices", "config load: cached in the object", "rate limiting for each tenant",
		"D1 writes for analytics: 90 % fewer", "reactions: atomic, no lost updates", "comments: real-time, no polling", "X people viewing", "feed load: pre-computed",
		"notifications: real-time push", "follow and unfollow with feed updates",
		"10,000 page views", "1,000 reactions", "1,000 session validations",
	},
}
