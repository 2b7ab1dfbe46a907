package compatibility

var entrypointSections = []section{
	{"", "Entrypoints of a Worker", "A value that `workers.Entrypoint` makes; its methods are functions, since an instance lives for one event.", []member{
		{"methods", "workers.Method; workers.Implement", "entrypoint/*; entrypoint value/*; entrypoint error/*", ""},
		{"fetch", "workers.OnFetch; (of the default entrypoint: `workers.Worker.Fetch`)", "entrypoint/fetch*", ""},
		{"export default class", "workers.Entrypoint; (of the name \"default\")", "entrypoint/default*", ""},
		{"ctx.props", "workers.Props", "entrypoint/props*", ""},
		{"ctx.exports.Name, ctx.exports.Name({props})", "workers.WorkerEntrypoint.Exports; workers.ServiceBinding.WithProps", "entrypoint/ctx.exports*; entrypoint/props through ctx.exports", ""},
		{"ctx.waitUntil", "workers.WaitUntil", "entrypoint/waitUntil", ""},
		{"env", "workers.LookupEnv", "entrypoint/environment", ""},
		{"scheduled, queue", "", "", "those of the default entrypoint are `workers.Worker`'s; no other gets such events"},
		{"connect, email, tail, tailStream, trace, test", "", "", "events that a Go Worker does not handle; a class in JavaScript beside it can"},
		{"getters", "", "", "declare a method"},
	}},
}
