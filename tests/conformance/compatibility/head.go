package compatibility

const compatibilityHead = `# Compatibility with the Durable Objects API

Written by ` + "`go run ./tests/conformance -write-compatibility`" + ` from the conformance cases and the tables in ` + "`tests/conformance/compatibility`" + `; a test fails when it is
stale, when Cloudflare's typings (` + "`@cloudflare/workers-types`" + `) have a member that is not here, or when nothing shows what is promised.

A case is one behaviour, written in JavaScript and in Go. The JavaScript runs on workerd and says what is right; the Go runs on workerd and on the local host, and
must be seen to do the same. ` + "`make conformance`" + ` runs all of them. Names like ` + "`local-runtime.TestAlarms`" + ` are Go tests, for what cannot be compared in that way.

*works on both*: workerd and the local host do as JavaScript does. *differs*: as the row says, on both unless it names one. *absent*: cannot be used from Go; the row says
why, and what to use instead. Members: {counts}.
`
