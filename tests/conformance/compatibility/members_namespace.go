package compatibility

var namespaceSections = []section{
	{"DurableObjectNamespace", "DurableObjectNamespace", "`Class.Namespace(\"BINDING\")` is the namespace of a binding.", []member{
		{"newUniqueId", "durables.Namespace.NewUniqueID", "id/unique; id/inside, unique", ""},
		{"idFromName", "durables.Namespace.IDFromName", "id/from name; id/empty name; id/by name and by id are one object", ""},
		{"idFromString", "durables.Namespace.IDFromString", "id/from string; id/too short; id/not hex; id/of another namespace; id/made up", ""},
		{"get", "durables.Namespace.Get", "id/by name and by id are one object; id/inside, reached by string", ""},
		{"getByName", "durables.Namespace.GetByName", "id/by name and by id are one object; id/empty name", ""},
		{"jurisdiction", "durables.Namespace.Jurisdiction", "jurisdiction/*; exports/jurisdiction", ""},
		{"getExisting", "", "", "experimental; workerd only gets or creates"},
	}},
	{"DurableObjectNamespaceNewUniqueIdOptions", "Options of `newUniqueId`", "", []member{
		{"jurisdiction", "durables.Namespace.Jurisdiction", "jurisdiction/unique id", ""},
	}},
	{"DurableObjectNamespaceGetDurableObjectOptions", "Options of `get` and `getByName`", "", []member{
		{"locationHint", "durables.LocationHint", "stub options/*location hint", ""},
		{"routingMode", "durables.RoutingMode", "stub options/*routing mode", ""},
		{"retry", "durables.Retry", "stub options/retry", ""},
		{"version", "", "", noVersion},
	}},
	{"DurableObjectRetryOptions", "Option `retry`", "", []member{
		{"maxRetries", "durables.Retry", "stub options/number of retries", ""},
		{"timeoutMs", "durables.Retry", "stub options/time for retries", ""},
	}},
	{"DurableObjectNamespaceGetDurableObjectOptionsVersionOptions", "Option `version`", "", []member{{"cohort", "", "", noVersion}}},
	{"DurableObjectId", "DurableObjectId", "", []member{
		{"toString", "durables.ID.String", "id/*", ""},
		{"equals", "durables.ID.Equal", "id/equals", ""},
		{"name", "durables.ID.Name", "id/name; id/name of 1,025 bytes; id/inside*", ""},
		{"jurisdiction", "durables.ID.Jurisdiction", "jurisdiction/none; jurisdiction/id from name", ""},
	}},
	{"DurableObjectStub", "DurableObjectStub", "", []member{
		{"id", "durables.Stub.ID", "stub/name and id", ""},
		{"name", "durables.Stub.Name", "id/name; stub/name and id; stub/empty name", ""},
	}},
	{"", "DurableObjectStub: calls", "What the typings take from `Fetcher` and from the class.", []member{
		{"fetch", "durables.Stub.Fetch", "object fetch/*", ""},
		{"connect", "", "", "as `connect` of the class"},
		{"stub.method(…)", "durables.Method; durables.MethodOf.Call; durables.Stub.Call", "rpc/*; rpc error/*; rpc thrown/*; rpc object/*", ""},
		{"order of calls", "durables.MethodOf.Call", "rpc/calls on one stub stay in order; stub options/order; rpc pipelining/order", ""},
		{"a broken stub", "durables.Stub", "abort/the same stub afterwards; local-runtime.TestBrokenStubStaysBroken", ""},
	}},
}
