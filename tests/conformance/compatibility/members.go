package compatibility

import "slices"

// Reasons that many members share.
const (
	noVersion    = "experimental, for gradual deployments inside Cloudflare's network; workerd does nothing with it"
	noReplicas   = "experimental; workerd refuses it, and there is nothing to test it against"
	noContainers = "containers are other programs beside the object, and neither workerd alone nor the local host runs any. A class that needs one is written in JavaScript; it can call Go objects by RPC"
)

// sections is the whole API, in the order of the page.
var sections = slices.Concat(stateSections, storageSections, sqlSections, namespaceSections, socketSections, rpcSections, entrypointSections)

var stateSections = []section{
	{"DurableObject", "The class", "A Go type; `durables.Class` registers it. The optional handlers are optional interfaces of the type, found by type assertion.", []member{
		{"constructor", "durables.Class; (it runs under blockConcurrencyWhile, so that it may wait for I/O, an error fails the object as a throw does)", "constructor/*", ""},
		{"fetch", "durables.Class; (the type is an `http.Handler`)", "object fetch/*", ""},
		{"alarm", "durables.Alarmer; durables.AlarmInfo", "alarm/*", ""},
		{"connect", "", "", "not implemented: raw TCP connections to an object; use `fetch` or a WebSocket"},
		{"webSocketMessage", "durables.WebSocketMessager", "socket/echo*; socket/order; socket/slow handler does not hold up the next", ""},
		{"webSocketClose", "durables.WebSocketCloser", "socket close/*", ""},
		{"webSocketError", "durables.WebSocketErrorer", "socket error/*", ""},
		{"ctx", "durables.State; (it is an argument of the constructor, keep it in a field)", "constructor/works", ""},
		{"env", "workers.LookupEnv; (bindings are package variables (`Class.Namespace`, `workers.Service`, `d1.Open`) and variables are read with `workers.Getenv`)", "env/*", ""},
	}},
	{"AlarmInvocationInfo", "The argument of `alarm`", "", []member{
		{"isRetry", "durables.AlarmInfo.IsRetry", "alarm/retried after an error", ""},
		{"retryCount", "durables.AlarmInfo.RetryCount", "alarm/retried after an error; alarm/new one replaces the retry", ""},
		{"scheduledTime", "durables.AlarmInfo.ScheduledTime; (a `time.Time`)", "alarm/once", ""},
	}},
	{"DurableObjectState", "`ctx`: DurableObjectState", "", []member{
		{"waitUntil", "durables.State.WaitUntil; (takes a function, which runs in a goroutine)", "wait until/*", ""},
		{"exports", "durables.ClassOf.Exports; workers.WorkerEntrypoint.Exports; workers.Self", "exports/*; entrypoint/ctx.exports*", ""},
		{"props", "durables.State.Props", "props/none; facet/props", ""},
		{"restore", "", "", "experimental, and Cloudflare announces data loss for it: stubs kept in storage. Keep the name or id of the object and make the stub anew"},
		{"id", "durables.State.ID", "id/inside*", ""},
		{"storage", "durables.State.Storage", "storage/*", ""},
		{"container", "", "", noContainers},
		{"facets", "durables.State.Facets", "facet/*", ""},
		{"version", "", "", noVersion},
		{"primaryStub", "", "", noReplicas},
		{"blockConcurrencyWhile", "durables.State.BlockConcurrencyWhile", "section/*", ""},
		{"acceptWebSocket", "durables.State.AcceptWebSocket; durables.State.UpgradeWebSocket", "socket/upgrade*; socket pair/hibernate*; socket pair/*tag*; tests/stress.TestSocketsAndAlarmsOnWorkerd; tests/stress.TestSocketsAndAlarmsOnTheLocalHost", ""},
		{"getWebSockets", "durables.State.GetWebSockets; durables.State.Broadcast", "socket/list*; socket/send by tag; socket/broadcast*; socket close/listed until its event is handled", ""},
		{"setWebSocketAutoResponse", "durables.State.SetWebSocketAutoResponse; durables.State.UnsetWebSocketAutoResponse", "socket auto/*", ""},
		{"getWebSocketAutoResponse", "durables.State.GetWebSocketAutoResponse", "socket auto/none; socket auto/replaced; socket auto/unset", ""},
		{"getWebSocketAutoResponseTimestamp", "durables.State.GetWebSocketAutoResponseTimestamp", "socket auto/answers; socket pair/automatic answers of an ordinary socket", ""},
		{"setHibernatableWebSocketEventTimeout", "durables.State.SetHibernatableWebSocketEventTimeout", "socket timeout/*; socket/event timeout*", ""},
		{"getHibernatableWebSocketEventTimeout", "durables.State.GetHibernatableWebSocketEventTimeout", "socket timeout/set and get", ""},
		{"getTags", "durables.State.GetTags", "socket/tags; socket/no tags; socket/unicode tag; socket pair/*tag*", ""},
		{"abort", "durables.State.Abort", "abort/*; socket/abort drops sockets", ""},
		{"configureReadReplication", "", "", noReplicas},
	}},
	{"DurableObjectAbortOptions", "Options of `abort`", "", []member{
		{"retryAlarm", "durables.NoAlarmRetry", "alarm/abort is a failure; alarm/abort without a retry", ""},
	}},
	{"DurableObjectFacets", "`ctx.facets`", "", []member{
		{"get", "durables.ClassOf.Facets; durables.FacetsOf.Get", "facet/*", ""},
		{"abort", "durables.Facets.Abort", "facet/abort*", ""},
		{"delete", "durables.Facets.Delete", "facet/delete*", ""},
		{"clone", "durables.Facets.Clone", "facet/clone*", ""},
	}},
	{"FacetStartupOptions", "How a facet starts", "", []member{
		{"id", "durables.FacetID", "facet/id*", ""},
		{"class", "durables.ClassOf.Facets; (one of the classes of the same module)", "facet/nested; facet/memory of its own; facet/storage of its own", ""},
	}},
	{"cloudflare:durable-objects", "Module `cloudflare:durable-objects`", "", []member{
		{"retryable", "durables.Retryable", "retryable/*", ""},
		{"onHibernate", "", "", "experimental; a class that must save something before it is evicted saves it when it changes, for a crash gives no notice either"},
	}},
	{"DurableObjectHibernationInfo", "The argument of `onHibernate`", "", []member{
		{"reason", "", "", "as `onHibernate`"},
	}},
	{"DurableObjectStateVersion", "`ctx.version`", "", []member{
		{"cohort", "", "", noVersion},
	}},
	{"DurableObjectReadReplicationOptions", "Options of `configureReadReplication`", "", []member{
		{"mode", "", "", noReplicas},
	}},
	{"Container", "`ctx.container`", "", containerMembers()},
}

func containerMembers() (members []member) {
	for _, name := range []string{"running", "images", "start", "monitor", "destroy", "signal", "getTcpPort", "setInactivityTimeout", "interceptOutboundHttp",
		"interceptAllOutboundHttp", "snapshotContainer", "interceptOutboundHttps", "exec", "inspect", "interceptOutboundTcp", "snapshotDirectory", "setLabels"} {
		members = append(members, member{name, "", "", "no containers"})
	}
	members[0].note = noContainers
	return members
}
