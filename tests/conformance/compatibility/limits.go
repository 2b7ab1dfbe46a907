package compatibility

import (
	"fmt"
	"strings"
)

// limit is one limit of the platform.
type limit struct {
	what, value string
	local       string // what the local host does
	shown       string // cases and tests; empty when nothing enforces it
}

const (
	sqlite    = "enforced by the storage, with workerd's error"
	platform  = "not enforced: workerd has no such limit either"
	kvBackend = "not enforced: it is a limit of objects that are not on SQLite, which the local host does not have"
)

var limits = []limit{
	{"key of key-value storage", "2 MB with its value on SQLite; 2,048 bytes on the old back end", "as workerd does for SQLite: bounded by the size of a row", "kv/long key"},
	{"value of key-value storage", "2 MB documented; workerd takes rows of 8 MiB + 34 bytes", sqlite, "kv/large value; kv/value too large; sync kv/value too large"},
	{"pairs of one put or get", "128 on the old back end", kvBackend, "kv/500 keys"},
	{"SQL string, blob or row", "2 MB documented; workerd takes 8 MiB + 34 bytes", sqlite, "sql/limit: value"},
	{"SQL text", "100,000 bytes", sqlite, "sql/limit: statement"},
	{"bound parameters", "100", sqlite, "sql/limit: parameters; sql/too many bindings"},
	{"columns of a table or result", "100", sqlite, "sql/limit: columns"},
	{"LIKE or GLOB pattern", "50 bytes", sqlite, "sql/limit: pattern"},
	{"terms of a compound SELECT", "5", sqlite, "sql/limit: compound select"},
	{"depth of an expression", "100", sqlite, "sql/limit: expression depth"},
	{"arguments of a function", "127 on workerd, 32 documented", sqlite, "sql/limit: function arguments"},
	{"storage of an object", "10 GB; then SQLITE_FULL, and the object is reset", "a full disk resets the object in the same way", "local-runtime/internal/storage.TestFullDiskBreaksTheObjectAndLosesNothingCommitted"},
	{"blockConcurrencyWhile and transaction", "30 s, then the object is reset", "enforced", "local-runtime.TestASectionThatWaitsForItselfEnds; local-runtime.TestASectionThatWaitsForSomethingOutsideEndsAfterThirtySeconds"},
	{"nested critical sections", "64", "enforced", "section/64 deep; section/65 deep; local-runtime/internal/gate.TestNestingIsLimited"},
	{"RPC arguments or result", "32 MiB", "enforced", "rpc/arguments too large; rpc/result too large"},
	{"name kept in `ctx.id.name`", "1,024 bytes", "enforced", "id/name of 1,024 bytes; id/name of 1,025 bytes"},
	{"alarm time", "up to the year 2189 by its text, 2262 in fact", "enforced", "alarm time/the last possible; alarm time/too far"},
	{"alarm retries", "6, after 2 s doubled each time, plus up to a quarter", "enforced, on its own clock", "alarm/retried after an error; local-runtime.TestAlarms"},
	{"alarm's wall time", "15 minutes", "enforced, on its own clock", "local-runtime.TestAnAlarmHasFifteenMinutes"},
	{"message received by a WebSocket", "32 MiB, then the socket is closed with 1009", "enforced", "socket error/too large; socket/echo 32 MiB"},
	{"hibernating sockets of an object", "32,768", "enforced", "socket pair/too many"},
	{"tags of a socket", "10, of 256 bytes", "enforced", "socket pair/*tag*"},
	{"attachment of a socket", "16,384 bytes serialised", "enforced", "socket attachment/*too large*"},
	{"automatic response", "2,048 bytes each way", "enforced", "socket auto/*too large; socket auto/largest"},
	{"timeout of socket events", "604,800,000 ms", "enforced", "socket timeout/*"},
	{"close code and reason", "1000 to 4999 without the reserved ones; 123 bytes", "enforced", "socket pair/close codes; socket pair/close reasons"},
	{"facets", "names of 256 characters, 4 levels", "enforced", "facet/long names; facet/depth"},
	{"output gate", "30 s, then the object is reset", "enforced, for confirmations that a test delays: the local disk itself has no limit", "local-runtime.TestAFailedConfirmationDropsWhatWaits"},
	{"CPU time of a request", "30 s, up to 5 minutes", platform, ""},
	{"memory of an isolate", "128 MB", "Go's heap is kept below it on workerd; the local host has no limit", ""},
	{"requests to one object", "about 1,000/s, then `overloaded`", platform, ""},
}

// limits writes the table of limits, and lists those that nothing shows and should.
func (s source) limits(b *strings.Builder) (open []string) {
	b.WriteString("\n## Limits\n\n| limit | Cloudflare | local host | shown by |\n|---|---|---|---|\n")
	for _, l := range limits {
		local := l.local
		if _, found := s.find(l.shown); l.shown != "" && !found {
			local = unfinished
			open = append(open, "Limits: "+l.what)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", l.what, l.value, local, codes(l.shown))
	}
	return open
}
