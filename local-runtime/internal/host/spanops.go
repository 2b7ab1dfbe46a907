package host

import (
	"strings"

	"grove.place/lattice/internal/abi"
)

// Attribute says something of a span: a string, or an int64.
type Attribute struct {
	Key   string
	Value any
}

// Attributes are those of one span.
type Attributes []Attribute

// operationSpan reads from the request of an operation how its span is called and what it says: names and attributes are those of Cloudflare's traces
// (https://developers.cloudflare.com/workers/observability/traces/spans-and-attributes/), of which it has no keys, values or parameters. An operation without a
// name has no span: calls of Workers and objects are those of the Events that they cause, and requests to the network have their own.
type operationSpan func(h *Host, r *abi.Reader) (name string, a Attributes)

var spanned = map[uint32]operationSpan{
	abi.OpD1: d1Span(false), abi.OpD1Session: d1Span(true),
	abi.OpR2: r2Span, abi.OpWorkersKV: kvSpan, abi.OpCache: cacheSpan, abi.OpQueueSend: queueSpan,
	abi.OpRateLimit: plainSpan("ratelimit_run"),
	abi.OpSQLExec:   sqlSpan, abi.OpSQLSize: plainSpan(objectStorage + "getDatabaseSize"),
	abi.OpKVGet: keysSpan("get"), abi.OpKVDelete: keysSpan("delete"), abi.OpKVPut: entriesSpan, abi.OpKVList: plainSpan(objectStorage + "list"),
	abi.OpDeleteAll: plainSpan(objectStorage + "deleteAll"), abi.OpSync: plainSpan(objectStorage + "sync"),
	abi.OpGetAlarm: plainSpan("durable_object_alarms_getAlarm"), abi.OpSetAlarm: plainSpan("durable_object_alarms_setAlarm"), abi.OpDeleteAlarm: plainSpan("durable_object_alarms_deleteAlarm"),
	abi.OpSyncKVGet: oneKeySpan("get"), abi.OpSyncKVPut: oneKeySpan("put"), abi.OpSyncKVDel: oneKeySpan("delete"), abi.OpSyncKVList: plainSpan(objectStorage + "kv_list"),
}

const (
	objectStorage = "durable_object_storage_"
	objectKeys    = "cloudflare.durable_object.kv.query.keys.count"
)

func plainSpan(name string) operationSpan {
	return func(*Host, *abi.Reader) (string, Attributes) { return name, nil }
}

func sqlSpan(_ *Host, r *abi.Reader) (string, Attributes) {
	query, args := r.Str(), r.Values()
	return objectStorage + "exec", Attributes{
		{"db.system.name", "cloudflare-durable-object-sql"}, {"db.operation.name", "exec"}, {"db.query.text", withoutLiterals(query)},
		{"cloudflare.durable_object.query.bindings", int64(len(args))},
	}
}

func keysSpan(method string) operationSpan {
	return func(_ *Host, r *abi.Reader) (string, Attributes) {
		r.Bool()
		return objectStorage + method, Attributes{{objectKeys, int64(len(r.Strs()))}}
	}
}

func entriesSpan(_ *Host, r *abi.Reader) (string, Attributes) {
	r.Bool()
	return objectStorage + "put", Attributes{{objectKeys, int64(r.Count())}}
}

func oneKeySpan(method string) operationSpan {
	return func(*Host, *abi.Reader) (string, Attributes) {
		return objectStorage + "kv_" + method, Attributes{{objectKeys, int64(1)}}
	}
}

var d1Modes = []string{abi.D1Run: "run", 1: "raw", abi.D1Batch: "batch", 3: "exec"}

func d1Span(session bool) operationSpan {
	return func(_ *Host, r *abi.Reader) (string, Attributes) {
		binding := r.Str()
		if session {
			r.Str()
		}
		mode, n := r.U8(), r.Count()
		if int(mode) >= len(d1Modes) {
			return "", nil
		}
		a := Attributes{{"db.system.name", "cloudflare-d1"}, {"db.operation.name", d1Modes[mode]}, {"cloudflare.binding.type", "D1"}, {"cloudflare.binding.name", binding}}
		var text []string
		for range n {
			query := r.Str()
			r.Values()
			if r.Err() != nil {
				return "", nil
			}
			text = append(text, withoutLiterals(query))
		}
		if mode == abi.D1Batch {
			a = append(a, Attribute{"db.operation.batch.size", int64(n)})
		}
		return "d1_" + d1Modes[mode], append(a, Attribute{"db.query.text", strings.Join(text, "\n")})
	}
}

func r2Span(h *Host, r *abi.Reader) (string, Attributes) {
	binding, method := r.Str(), r.Str()
	return "r2_" + method, Attributes{{"cloudflare.binding.type", "r2"}, {"cloudflare.binding.name", binding}, {"cloudflare.r2.bucket", h.cfg.Buckets[binding]}, {"cloudflare.r2.operation", method}}
}

func kvSpan(_ *Host, r *abi.Reader) (string, Attributes) {
	binding, method, args := r.Str(), r.Str(), r.Values()
	a := Attributes{{"db.system.name", "cloudflare-kv"}, {"db.operation.name", method}, {"cloudflare.binding.type", "KV"}, {"cloudflare.binding.name", binding}}
	if method == "list" || len(args) == 0 {
		return "kv_" + method, a
	}
	keys := int64(1)
	if list, ok := args[0].(abi.Array); ok {
		keys = int64(len(list))
	}
	return "kv_" + strings.TrimSuffix(method, "Many"), append(a, Attribute{"cloudflare.kv.query.keys.count", keys})
}

func cacheSpan(_ *Host, r *abi.Reader) (string, Attributes) {
	r.Str()
	switch r.U8() {
	case abi.CacheMatch:
		return "cache_match", nil
	case abi.CachePut:
		return "cache_put", nil
	}
	return "cache_delete", nil
}

func queueSpan(h *Host, r *abi.Reader) (string, Attributes) {
	binding := r.Str()
	n := r.Count()
	name := "queue_send"
	if n != 1 {
		name = "queue_sendBatch"
	}
	return name, Attributes{{"messaging.system", "cloudflare-queues"}, {"messaging.destination.name", h.cfg.Queues[binding]}, {"cloudflare.binding.name", binding}, {"messaging.batch.message_count", int64(n)}}
}

// maxQuery is how much of a statement a span has.
const maxQuery = 2000

// withoutLiterals is a statement with a question mark for each literal, and no comments: what was written into it instead of bound may be anybody's data.
func withoutLiterals(query string) string {
	var b strings.Builder
	for i := 0; i < len(query) && b.Len() < maxQuery; {
		c := query[i]
		end := i + 1
		switch {
		case strings.HasPrefix(query[i:], "--"):
			end = commentEnd(query, i, "\n")
		case strings.HasPrefix(query[i:], "/*"):
			end = commentEnd(query, i, "*/")
			b.WriteByte(' ')
		case c == '\'':
			end = quotedEnd(query, i)
			b.WriteByte('?')
		case c == '"' || c == '`':
			end = quotedEnd(query, i)
			b.WriteString(query[i:end])
		case c >= '0' && c <= '9' || c == '.' && end < len(query) && query[end] >= '0' && query[end] <= '9':
			for end < len(query) && (inWord(query[end]) || query[end] == '.') {
				end++
			}
			b.WriteByte('?')
		case inWord(c) || strings.IndexByte("?:@$", c) >= 0:
			for end < len(query) && inWord(query[end]) {
				end++
			}
			if end == i+1 && (c == 'x' || c == 'X') && end < len(query) && query[end] == '\'' { // a blob
				break
			}
			b.WriteString(query[i:end])
		default:
			b.WriteByte(c)
		}
		i = end
	}
	if b.Len() >= maxQuery {
		b.WriteString("…")
	}
	return b.String()
}

// commentEnd is where a comment ends whose end is marked so; a line's break is not of the comment.
func commentEnd(s string, from int, mark string) int {
	n := strings.Index(s[from+2:], mark)
	switch {
	case n < 0:
		return len(s)
	case mark == "\n":
		return from + 2 + n
	}
	return from + 2 + n + len(mark)
}

func inWord(c byte) bool {
	return c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// quotedEnd is where what begins with a quotation mark ends: at the next that is not doubled.
func quotedEnd(s string, from int) int {
	for i := from + 1; i < len(s); i++ {
		if s[i] != s[from] {
			continue
		}
		if i+1 < len(s) && s[i+1] == s[from] {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}
