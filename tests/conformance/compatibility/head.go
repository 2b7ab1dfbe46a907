package compatibility

const workersHead = `# Compatibility with the Workers API

Handlers, what is in their contexts, and bindings. Written and checked as [the page on Durable Objects](compatibility.md) is, which says what the words mean. Products that Lattice has no
package for are [listed](configuration.md#not-on-this-machine-a-warning-and-the-binding-is-not-there); static assets are compared with wrangler dev by ` + "`tests/assets`" + `. Members: {counts}.
`

const compatibilityHead = `# Compatibility with the Durable Objects API

That with handlers, KV, R2, D1, queues and the other bindings of Workers is on [a page of its own](compatibility-workers.md).

Written by ` + "`go run ./tests/conformance -write-compatibility`" + ` from the conformance cases and the tables in ` + "`tests/conformance/compatibility`" + `; a test fails when it is
stale, when Cloudflare's typings (` + "`@cloudflare/workers-types`" + `) have a member that is not here, or when nothing shows what is promised.

A case is one behaviour, written in JavaScript and in Go. The JavaScript runs on workerd and says what is right; the Go runs on workerd and on the local host, and
must be seen to do the same. ` + "`make conformance`" + ` runs all of them. Names like ` + "`local-runtime.TestAlarms`" + ` are Go tests, for what cannot be compared in that way.

*works on both*: workerd and the local host do as JavaScript does. *differs*: as the row says, on both unless it names one. *absent*: cannot be used from Go; the row says
why, and what to use instead. Members: {counts}.
`
