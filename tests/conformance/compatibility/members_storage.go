package compatibility

// setAlarmNow is a caution that is the same in every language.
const setAlarmNow = "workerd 2026-11-17, and so `wrangler dev`, can lose an alarm that its own handler sets for a time that has come: of six chains of twenty such alarms three stopped, in JavaScript. " +
	"Set it a millisecond ahead at least, as `durables.NewTasks` does. The local host loses none."

var storageSections = []section{
	{"DurableObjectStorage", "`ctx.storage`: DurableObjectStorage", setAlarmNow, []member{
		{"get", "durables.Storage.Get; durables.Storage.GetMany", "kv/*get*; kv/delete many; rpc value/*", ""},
		{"list", "durables.Storage.List; durables.Storage.All; durables.ListOptions; durables.Entries", "kv list/*; kv/keys are ordered by bytes", ""},
		{"put", "durables.Storage.Put; durables.Storage.PutMany", "kv/*", ""},
		{"delete", "durables.Storage.Delete; (one method for one key and for several, it returns a count)", "kv/delete*", ""},
		{"deleteAll", "durables.Storage.DeleteAll", "kv/delete all*; socket/deleteAll leaves sockets; kv/usable after delete all; transaction/delete all", ""},
		{"transaction", "durables.Storage.Transaction; durables.Txn", "transaction/*", ""},
		{"getAlarm", "durables.Storage.GetAlarm", "alarm time/*", ""},
		{"setAlarm", "durables.Storage.SetAlarm; durables.NewTasks; (takes a `time.Time`)", "alarm time/*; alarm/*; tests/stress.TestSocketsAndAlarmsOnWorkerd", ""},
		{"deleteAlarm", "durables.Storage.DeleteAlarm", "alarm time/delete*; alarm/deleted in time", ""},
		{"sync", "durables.Storage.Sync", "kv/options; kv/sync after writes that need no confirmation", ""},
		{"sql", "durables.Storage.SQL", "sql/*", ""},
		{"kv", "durables.Storage.KV", "sync kv/*", ""},
		{"transactionSync", "durables.Storage.TransactionSync", "transactionSync/*", "a callback that blocks ends the instance, for nothing else can run beneath it"},
		{"getCurrentBookmark", "durables.Storage.GetCurrentBookmark", "bookmark/current", ""},
		{"getBookmarkForTime", "durables.Storage.GetBookmarkForTime", "bookmark/for a time", ""},
		{"onNextSessionRestoreBookmark", "durables.Storage.OnNextSessionRestoreBookmark", "bookmark/restore", ""},
		{"waitForBookmark", "", "", noReplicas},
		{"primary", "", "", "deprecated before it was stable; " + noReplicas},
		{"snapshot", "", "", "experimental; workerd's storage refuses it. For a copy of an object, `ctx.facets.clone` or read it out with SQL"},
		{"onNextSessionRestore", "", "", "experimental; workerd's storage refuses it. Bookmarks restore an object to an earlier time"},
		{"ensureReplicas", "", "", "deprecated before it was stable; " + noReplicas},
		{"disableReplicas", "", "", "deprecated before it was stable; " + noReplicas},
	}},
	{"DurableObjectListOptions", "Options of `list`", "", []member{
		{"start", "durables.ListOptions.Start", "kv list/start*", ""},
		{"startAfter", "durables.ListOptions.StartAfter", "kv list/*start after", ""},
		{"end", "durables.ListOptions.End", "kv list/*end", ""},
		{"prefix", "durables.ListOptions.Prefix", "kv list/prefix*", ""},
		{"reverse", "durables.ListOptions.Reverse", "kv list/reverse*", ""},
		{"limit", "durables.ListOptions.Limit", "kv list/*limit*", ""},
		{"allowConcurrency", "durables.ListOptions.AllowConcurrency; (no effect on SQLite)", "kv/options of every operation", ""},
		{"noCache", "durables.ListOptions.NoCache; (no effect on SQLite)", "kv/options of every operation", ""},
	}},
	{"DurableObjectGetOptions", "Options of `get`", "", []member{
		{"allowConcurrency", "durables.AllowConcurrency; (no effect on SQLite)", "kv/options of every operation", ""},
		{"noCache", "durables.NoCache; (no effect on SQLite)", "kv/options of every operation", ""},
	}},
	{"DurableObjectPutOptions", "Options of `put`, `delete` and `deleteAll`", "", []member{
		{"allowConcurrency", "durables.AllowConcurrency; (no effect on SQLite)", "kv/options of every operation", ""},
		{"allowUnconfirmed", "durables.AllowUnconfirmed", "kv/options*", ""},
		{"noCache", "durables.NoCache; (no effect on SQLite)", "kv/options of every operation", ""},
	}},
	{"DurableObjectGetAlarmOptions", "Options of `getAlarm`", "", []member{
		{"allowConcurrency", "durables.AllowConcurrency; (no effect on SQLite)", "kv/options of every operation", ""},
	}},
	{"DurableObjectSetAlarmOptions", "Options of `setAlarm` and `deleteAlarm`", "", []member{
		{"allowConcurrency", "durables.AllowConcurrency; (no effect on SQLite)", "kv/options of every operation", ""},
		{"allowUnconfirmed", "durables.AllowUnconfirmed", "alarm time/set", ""},
	}},
	{"DurableObjectTransaction", "DurableObjectTransaction", "Within the function, the storage of the object is used as always: everything done with the function's context is part of the transaction.", []member{
		{"get", "durables.Storage.Get", "transaction/operations; transaction/storage used directly", ""},
		{"list", "durables.Storage.List", "transaction/operations", ""},
		{"put", "durables.Storage.Put", "transaction/operations; transaction/commit", ""},
		{"delete", "durables.Storage.Delete", "transaction/operations", ""},
		{"rollback", "durables.Txn.Rollback", "transaction/rollback*; transaction/use after rollback; transaction/inner rollback keeps outer", ""},
		{"getAlarm", "durables.Storage.GetAlarm", "transaction/alarm", ""},
		{"setAlarm", "durables.Storage.SetAlarm", "transaction/alarm", ""},
		{"deleteAlarm", "durables.Storage.DeleteAlarm", "transaction/alarm", ""},
	}},
	{"SyncKvStorage", "`ctx.storage.kv`: SyncKvStorage", "", []member{
		{"get", "durables.SyncKV.Get", "sync kv/*", ""},
		{"list", "durables.SyncKV.List; durables.SyncKV.All; (any number of loops at once, so that no iterator can be invalidated)", "sync kv list/*; sync kv/iterate*", ""},
		{"put", "durables.SyncKV.Put", "sync kv/*", ""},
		{"delete", "durables.SyncKV.Delete", "sync kv/delete", ""},
	}},
	{"SyncKvListOptions", "Options of `kv.list`", "", []member{
		{"start", "durables.ListOptions.Start", "sync kv list/start*", ""},
		{"startAfter", "durables.ListOptions.StartAfter", "sync kv list/*start after", ""},
		{"end", "durables.ListOptions.End", "sync kv list/*end", ""},
		{"prefix", "durables.ListOptions.Prefix", "sync kv list/prefix*", ""},
		{"reverse", "durables.ListOptions.Reverse", "sync kv list/reverse*", ""},
		{"limit", "durables.ListOptions.Limit", "sync kv list/*limit*", ""},
	}},
	{"DurableObjectSnapshotOptions", "Options of `snapshot`", "", []member{{"bookmark", "", "", "as `snapshot`"}}},
	{"DurableObjectRestoreOptions", "Options of `onNextSessionRestore`", "", []member{{"kvData", "", "", "as `onNextSessionRestore`"}}},
}

var sqlSections = []section{
	{"SqlStorage", "`ctx.storage.sql`: SqlStorage", "", []member{
		{"exec", "durables.SQL.Exec; durables.Query; durables.All; durables.One; durables.First", "sql/*", ""},
		{"databaseSize", "durables.SQL.DatabaseSize", "sql/database size", ""},
		{"Cursor", "durables.Cursor; (the type, for `instanceof`)", "sql/rows as objects", ""},
		{"Statement", "", "", "the type of `prepare`, which is experimental"},
		{"prepare", "", "", "experimental and deprecated; `exec` keeps prepared statements by itself"},
		{"ingest", "", "", "experimental; run the statements of a script with one `exec`"},
		{"setMaxPageCountForTest", "", "", "experimental, for workerd's own tests; the local host injects a full disk in tests"},
	}},
	{"SqlStorageIngestResult", "What `ingest` returns", "", []member{
		{"remainder", "", "", "as `ingest`"}, {"rowsRead", "", "", "as `ingest`"}, {"rowsWritten", "", "", "as `ingest`"}, {"statementCount", "", "", "as `ingest`"},
	}},
	{"SqlStorageCursor", "SqlStorageCursor", "", []member{
		{"next", "durables.Cursor.Next; durables.Cursor.Row; durables.Cursor.Err", "sql/cursor*; sql/two cursors", "a cursor that has written is drained before the turn ends, where JavaScript breaks the object"},
		{"toArray", "durables.All", "sql/rows as objects; sql/300 rows*", ""},
		{"one", "durables.One", "sql/one", ""},
		{"raw", "durables.Cursor.Row; durables.Cursor.Scan; (rows are always values in the order of columns, `Query` makes structs of them)", "sql/duplicate column names", ""},
		{"columnNames", "durables.Cursor.Columns", "sql/duplicate column names; sql/unnamed columns; sql/no columns", ""},
		{"rowsRead", "durables.Cursor.RowsRead", "sql cost/*", ""},
		{"rowsWritten", "durables.Cursor.RowsWritten", "sql cost/*", ""},
		{"[Symbol.iterator]", "durables.Query", "sql/cursor is partly read", ""},
		{"reusedCachedQueryForTest", "", "", "experimental, for workerd's own tests"},
	}},
}
