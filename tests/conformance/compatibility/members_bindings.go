package compatibility

import "slices"

// bindingSections are those of the page on Workers: handlers, what is in their contexts, and bindings.
var bindingSections = slices.Concat(handlerSections, storeSections, otherSections)

var handlerSections = []section{
	{"ExportedHandler", "Handlers", "What `workers.Run` is given, for `export default`.", []member{
		{"fetch", "workers.Worker.Fetch; workers.Serve", "http/*", ""},
		{"scheduled", "workers.Worker.Scheduled", "scheduled/*", ""},
		{"queue", "workers.Worker.Queue", "queue/*; queue verdict/*", ""},
		{"email", "", "", "not implemented: incoming mail; a Worker in JavaScript takes it and calls the one in Go"},
		{"tail", "", "", "not implemented: Tail Workers, which are best written in JavaScript; `lattice tail` and `--otlp` show what a Worker does"},
		{"tailStream", "", "", "as tail"},
		{"trace", "", "", "the old name of tail"},
		{"connect", "", "", "not implemented: incoming TCP connections"},
		{"test", "", "", "for workerd's own tests"},
	}},
	{"ScheduledController", "The event of `scheduled`", "", []member{
		{"cron", "workers.ScheduledEvent.Cron", "scheduled/any text and time", ""},
		{"scheduledTime", "workers.ScheduledEvent.ScheduledTime; (a `time.Time`)", "scheduled/any text and time", ""},
		{"noRetry", "workers.ScheduledEvent.NoRetry", "scheduled/no retry", ""},
	}},
	{"ExecutionContext", "`ctx`: ExecutionContext", "In Go the context of the event, which handlers get.", []member{
		{"waitUntil", "workers.WaitUntil; (takes a function, which runs in a goroutine)", "entrypoint/waitUntil", ""},
		{"passThroughOnException", "", "", "only `PassThroughOnException` of `workers/cloudflare` has it: it means something in front of an origin alone"},
		{"props", "workers.Props", "entrypoint/props*", ""},
		{"exports", "workers.Self; workers.WorkerEntrypoint.Exports; durables.ClassOf.Exports", "entrypoint/ctx.exports*; exports/*", ""},
		{"abort", "", "", "not implemented: ends the isolate; return an error"},
		{"access", "", "", "not implemented: who Cloudflare Access has signed in; read the header Cf-Access-Jwt-Assertion"},
		{"cache", "", "", "not implemented: purging from a Worker; `cache.Cache.Delete` removes from the Cache API"},
		{"mapVirtualHost", "", "", "not implemented, and not documented by Cloudflare"},
		{"restore", "", "", "experimental, and Cloudflare announces data loss for it: stubs kept in storage"},
		{"version", "", "", "experimental, for gradual deployments; `workers/versionmetadata` says which version runs"},
		{"tracing", "", "", "not implemented: spans of the program's own; `lattice dev --otlp` has those of events and operations"},
	}},
	{"Fetcher", "A service binding", "", []member{
		{"fetch", "workers.ServiceBinding.Do; workers.ServiceBinding.RoundTrip", "service/*; entrypoint/fetch*", ""},
		{"connect", "", "", "not implemented: TCP to another Worker"},
		{"queue", "", "", "for tests: `local.Host` delivers what is sent, and tests move its clock"},
		{"scheduled", "", "", "for tests: `local.Host.Scheduled`"},
	}},
}

var storeSections = []section{
	{"KVNamespace", "KVNamespace", "Package `workers/kv`.", []member{
		{"get", "kv.NamespaceBinding.Get; kv.NamespaceBinding.GetMany", "workers kv/*; workers kv many/*", ""},
		{"getWithMetadata", "kv.NamespaceBinding.GetWithMetadata; (of several keys: `kv.Entry.Metadata`)", "workers kv/metadata*; workers kv many/metadata", ""},
		{"list", "kv.NamespaceBinding.List; kv.NamespaceBinding.All", "workers kv list/*", ""},
		{"put", "kv.NamespaceBinding.Put", "workers kv/text; workers kv/bytes; workers kv/json; workers kv/stream in; workers kv/expiration*; workers kv/ttl*; workers kv/value*", ""},
		{"delete", "kv.NamespaceBinding.Delete", "workers kv/delete", ""},
		{"deleteBulk", "", "", "not implemented: delete one key after the other"},
	}},
	{"R2Bucket", "R2Bucket", "Package `workers/r2`.", []member{
		{"head", "r2.BucketBinding.Head", "r2/head", ""},
		{"get", "r2.BucketBinding.Get", "r2/get*; r2/range*; r2/conditional get", ""},
		{"put", "r2.BucketBinding.Put; r2.Sized", "r2/put; r2/conditional put; r2/*checksum; r2 put/*", ""},
		{"createMultipartUpload", "r2.BucketBinding.CreateMultipartUpload", "r2/multipart*; r2 upload/*", ""},
		{"resumeMultipartUpload", "r2.BucketBinding.ResumeMultipartUpload", "r2 upload/*", ""},
		{"delete", "r2.BucketBinding.Delete", "r2/delete", ""},
		{"list", "r2.BucketBinding.List", "r2/list*; r2 list/*", ""},
	}},
	{"R2Object", "R2Object", "", []member{
		{"key", "r2.Object.Key", "r2/put", ""},
		{"version", "r2.Object.Version", "r2/replace", ""},
		{"size", "r2.Object.Size", "r2/put", ""},
		{"etag", "r2.Object.ETag", "r2/put", ""},
		{"httpEtag", "r2.Object.HTTPETag", "r2/put", ""},
		{"checksums", "r2.Object.Checksums", "r2/checksum", ""},
		{"uploaded", "r2.Object.Uploaded", "r2/put", ""},
		{"httpMetadata", "r2.Object.HTTPMetadata", "r2/put; r2 */HTTP metadata", ""},
		{"customMetadata", "r2.Object.CustomMetadata", "r2/much metadata", ""},
		{"range", "r2.Object.Range", "r2/range*", ""},
		{"storageClass", "r2.Object.StorageClass", "r2 put/storage class", ""},
		{"ssecKeyMd5", "r2.Object.SSECKeyMD5", "r2 */customer's keys", "nothing is encrypted on a machine of one's own, so that it is empty there"},
		{"writeHttpMetadata", "r2.HTTPMetadata.WriteTo", "r2 */HTTP metadata", ""},
	}},
	{"R2ObjectBody", "R2ObjectBody", "", []member{
		{"body", "r2.Object.Body; (an `io.ReadCloser`)", "r2/get", ""},
		{"arrayBuffer", "r2.Object.Body; (`io.ReadAll`)", "r2/binary", ""},
		{"bytes", "r2.Object.Body; (`io.ReadAll`)", "r2/binary", ""},
		{"text", "r2.Object.Body; (`io.ReadAll`)", "r2/get", ""},
		{"json", "r2.Object.Body; (`json.NewDecoder`)", "r2/get", ""},
		{"blob", "", "", "Go has no Blob: read the Body"},
		{"bodyUsed", "", "", "the program knows what it has read"},
	}},
	{"R2MultipartUpload", "R2MultipartUpload", "", []member{
		{"key", "r2.Upload.Key", "r2 upload/*", ""},
		{"uploadId", "r2.Upload.UploadID", "r2 upload/*", ""},
		{"uploadPart", "r2.Upload.UploadPart", "r2/multipart*; r2 upload/*", ""},
		{"abort", "r2.Upload.Abort", "r2 upload/*", ""},
		{"complete", "r2.Upload.Complete", "r2/multipart*; r2 upload/*", ""},
	}},
	{"D1Database", "D1Database", "Package `workers/d1`, which is a driver of database/sql as well (`d1.OpenDB`; `database sql/*`).", []member{
		{"prepare", "d1.DB.Prepare", "d1/run*; d1/two statements; d1/syntax error", ""},
		{"batch", "d1.DB.Batch", "d1/batch*; d1/empty batch", ""},
		{"exec", "d1.DB.Exec", "d1/exec*", ""},
		{"withSession", "d1.DB.WithSession", "d1 session/*", ""},
		{"dump", "", "", "deprecated by Cloudflare: `lattice d1 export`"},
	}},
	{"D1DatabaseSession", "D1DatabaseSession", "", []member{
		{"prepare", "d1.Session.Prepare", "d1 session/*", ""},
		{"batch", "d1.Session.Batch", "d1 session/batch", ""},
		{"getBookmark", "d1.Session.Bookmark", "d1 session/bookmarks", ""},
	}},
	{"D1PreparedStatement", "D1PreparedStatement", "", []member{
		{"bind", "d1.Stmt.Bind", "d1/types; d1/boolean; d1/blob; d1/too few parameters; d1/too many parameters", ""},
		{"first", "d1.Stmt.First", "d1/first", ""},
		{"run", "d1.Stmt.Run", "d1/run*", ""},
		{"all", "d1.Stmt.All", "d1/all*", ""},
		{"raw", "d1.Stmt.Raw", "d1/raw", ""},
	}},
	{"Queue", "Queue", "Package `workers/queues`.", []member{
		{"send", "queues.Queue.Send; (with options: `SendBatch` of one)", "queue/json; queue body/*; queue refusal/*", ""},
		{"sendBatch", "queues.Queue.SendBatch", "queue/batch; queue/mixed batch; queue refusal/*", ""},
		{"metrics", "", "", "not implemented: how many messages wait; `lattice queues info` and, in tests, `local.Host.Queues` say it"},
	}},
	{"MessageBatch", "MessageBatch", "", []member{
		{"queue", "queues.Batch.Queue", "queue/batch", ""},
		{"messages", "queues.Batch.Messages", "queue/batch", ""},
		{"ackAll", "queues.Batch.AckAll", "queue verdict/*", ""},
		{"retryAll", "queues.Batch.RetryAll", "queue verdict/*", ""},
		{"metadata", "", "", "not implemented, as Queue's metrics"},
	}},
	{"Message", "Message", "", []member{
		{"id", "queues.Delivery.ID", "queue/batch", ""},
		{"timestamp", "queues.Delivery.Timestamp", "queue/batch", ""},
		{"body", "queues.Delivery.Decode; queues.Delivery.Body", "queue body/*", ""},
		{"attempts", "queues.Delivery.Attempts", "queue/retried", ""},
		{"ack", "queues.Delivery.Ack", "queue verdict/*", ""},
		{"retry", "queues.Delivery.Retry", "queue verdict/retried*; queue/retried", ""},
	}},
}

var otherSections = []section{
	{"CacheStorage", "caches", "Package `workers/cache`.", []member{
		{"default", "cache.Default", "cache/put and match", ""},
		{"open", "cache.Open", "cache/names; cache/long name", ""},
	}},
	{"Cache", "Cache", "", []member{
		{"match", "cache.Cache.Match", "cache/put and match; cache/nothing; cache/conditions; cache/range; cache/expired; cache/age*", ""},
		{"put", "cache.Cache.Put", "cache/*", ""},
		{"delete", "cache.Cache.Delete", "cache/delete*", ""},
	}},
	{"RateLimit", "RateLimit", "Package `workers/ratelimit`.", []member{
		{"limit", "ratelimit.LimiterBinding.Limit; ratelimit.LimiterBinding.LimitN", "rate limit/*", ""},
	}},
	{"AnalyticsEngineDataset", "AnalyticsEngineDataset", "Package `workers/analyticsengine`.", []member{
		{"writeDataPoint", "analyticsengine.DatasetBinding.WriteDataPoint", "data point/*", ""},
	}},
	{"WorkerVersionMetadata", "Version metadata", "Package `workers/versionmetadata`.", []member{
		{"id", "versionmetadata.Version.ID", "version metadata/*", ""},
		{"tag", "versionmetadata.Version.Tag", "version metadata/*", ""},
		{"timestamp", "versionmetadata.Version.Timestamp", "version metadata/*", ""},
	}},
	{"Socket", "TCP: Socket", "Package `workers/sockets`; a `net.Conn`.", []member{
		{"readable", "sockets.Conn.Read", "tcp/*", ""},
		{"writable", "sockets.Conn.Write", "tcp/*", ""},
		{"opened", "sockets.Connect; (returns when it is open) sockets.Conn.RemoteAddr", "tcp/addresses", ""},
		{"closed", "sockets.Conn.Closed", "tcp/closed is told; tcp/server ends", ""},
		{"close", "sockets.Conn.Close", "tcp/closed twice; tcp/this half is closed", ""},
		{"startTls", "sockets.Conn.StartTLS", "tcp/start TLS*", ""},
		{"secureTransport", "", "", "the program knows what it has asked for"},
		{"protocol", "", "", "not implemented"},
		{"proxyTo", "", "", "not implemented: copy with `io.Copy`"},
		{"upgraded", "", "", "StartTLS returns the connection to use from then on"},
	}},
	{"", "fetch, Request and Response", "`workers.Fetch` and package `workers/fetch`; the types are those of net/http.", []member{
		{"fetch(request)", "workers.Fetch; fetch.Do", "fetch/*; outbound/*", ""},
		{"redirect", "fetch.Options.Redirect; fetch.Redirect; (`follow` and `manual`, the runtime has no `error`)", "outbound/redirect*; outbound/20 redirects; outbound/21 redirects", ""},
		{"signal", "workers.Fetch; (the context of the request)", "outbound/aborted*", ""},
		{"cf of a request that is sent", "fetch.Options.CF; fetch.CF", "outbound/cf", ""},
		{"cf of a request that has come", "fetch.Incoming; workers.CF", "tests/syumai.TestFetch", ""},
		{"body", "workers.Fetch; (an `io.ReadCloser`, read as it comes)", "http/*stream*; fetch/streamed upload", ""},
		{"HTMLRewriter, WebCrypto, streams, URLPattern and other classes", "", "", "classes of JavaScript: Go has packages for most; programs of github.com/syumai/workers have them on the local host"},
	}},
}
