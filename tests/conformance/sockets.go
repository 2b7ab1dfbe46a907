package main

import (
	"net/http"
	"net/url"
	"strings"
)

// on is a step about the socket "a" of the case, on another one with its name first.
func on(name, query string, lines ...talk) Step { return Step{Socket: name, Query: query, Talk: lines} }

// do is a step that runs a command of the object without a socket, until the answer matches.
func do(command, until string) Step {
	return Step{Query: "do=" + url.QueryEscape(command), Until: until}
}

// one is a case about one socket.
func one(name, query string, lines ...talk) Case {
	return Case{Name: name, Steps: []Step{on("a", query, lines...)}}
}

// asked is a case of commands, each of which is answered.
func asked(name, query string, commands ...string) Case {
	var lines []talk
	for _, c := range commands {
		lines = append(lines, text(c), hears(1))
	}
	return one(name, query, lines...)
}

// logged is a case about one socket, whose object has logged something that matches in the end.
func logged(name, query, until string, lines ...talk) Case {
	c := one(name, query, lines...)
	c.Steps = append(c.Steps, do(`["log"]`, until))
	return c
}

const closedLog = "closed by the client"

// socketCases are the cases about WebSockets. What the objects do is in oracle/sockets.mjs and app/sockets.go.
func socketCases() []Case {
	var cases []Case
	for _, list := range [][]Case{socketHandshakes(), socketMessages(), socketTags(), socketErrors(), socketAttachments(), socketAutoResponses(), socketEnds(), socketLives(), ordinarySockets()} {
		cases = append(cases, list...)
	}
	return cases
}

func socketHandshakes() []Case {
	protocols := http.Header{"Sec-Websocket-Protocol": {"one, two"}}
	return []Case{
		one("socket/upgrade", "greet=1&tag=a", hears(1)),
		{Name: "socket/upgrade with headers", Steps: []Step{{Socket: "a", Query: "header=value&greet=1", Headers: []string{"X-Header"}, Talk: []talk{hears(1)}}}},
		{Name: "socket/upgrade refused", Steps: []Step{on("a", "refuse=1")}},
		{Name: "socket/subprotocol", Steps: []Step{{Socket: "a", Query: "protocol=two", Header: protocols, Talk: []talk{text(`["info"]`), hears(1)}}}},
		{Name: "socket/subprotocol not chosen", Steps: []Step{{Socket: "a", Header: protocols, Talk: []talk{text(`["info"]`), hears(1)}}}},
		one("socket/closed before the answer", "greet=1&early+close=1", answersEnd),
		{Name: "socket/request without upgrade", Steps: []Step{do(`["list"]`, "")}},
		{Name: "socket without handlers/messages", Steps: []Step{
			on("a", "", hears(1), text("nobody hears"), bytesOf([]byte{1})), {Until: "^200\n1$"}, on("a", "", closing(1000, "bye")), {Until: "^200\n0$"},
		}},
		{Name: "socket without handlers/lost", Steps: []Step{on("a", "", hears(1), hangUp), {Until: "^200\n0$"}}},
	}
}

func socketMessages() []Case {
	large := strings.Repeat("0123456789abcdef", 1<<16)
	return []Case{
		one("socket/echo text", "", text("hello"), hears(1)),
		one("socket/echo unicode", "", text("größe 💥\x00\ufeff"), hears(1)),
		one("socket/echo empty text", "", text(""), hears(1)),
		one("socket/echo bytes", "", bytesOf([]byte{0, 1, 254, 255}), hears(1)),
		one("socket/echo no bytes", "", bytesOf(nil), hears(1)),
		one("socket/echo large text", "", text(large), hears(1)),
		one("socket/echo large bytes", "", bytesOf(pattern(1<<20)), hears(1)),
		{Name: "socket/echo 32 MiB", Alone: true, Steps: []Step{on("a", "", bytesOf(make([]byte, 32<<20)), hears(1))}},
		one("socket/fragments", "", fragments("one ", "two ", "", "three"), hears(1)),
		one("socket/ping", "", ping("are you there"), hears(1), text("still"), hears(1)),
		one("socket/order", "", text("1", "2", "3", "4", "5", "6", "7", "8"), hears(8)),
		one("socket/order of sends", "", text(`["send","a","b","c"]`, "d"), hears(4)),
		one("socket/slow handler does not hold up the next", "", text(`["wait","slow"]`, "quick"), hears(1), text(`["release","slow"]`), hears(1), text(`["log"]`), hears(1)),
		one("socket/two slow handlers", "", text(`["wait","first"]`, `["wait","second"]`, `["release","second"]`), hears(1), text(`["release","first"]`), hears(1), text(`["log"]`), hears(1)),
		one("socket/failing handler", "", text(`["throw"]`, "after"), hears(1), text(`["state"]`), hears(1), text(`["born"]`), hears(1)),
		asked("socket/same socket", "", `["same"]`, `["state"]`),
		asked("socket/send after a write", "", `["send after a write"]`),
	}
}

func socketTags() []Case {
	three := []Step{on("a", "tag=a&tag=x", text("1"), hears(1)), on("b", "tag=b&tag=x", text("2"), hears(1)), on("c", "tag=c", text("3"), hears(1))}
	list := append(three[:3:3], on("a", "", text(`["list"]`), hears(1), text(`["list","x"]`), hears(1), text(`["list","none"]`), hears(1), text(`["list",""]`), hears(1)))
	tell := append(three[:3:3], on("c", "", text(`["tell","x","to x"]`)), on("a", "", hears(1)), on("b", "", hears(1)), on("c", "", text("only me"), hears(1)))
	broadcast := append(three[:3:3], on("a", "", text(`["broadcast","to all"]`), hears(2)), on("b", "", hears(1)), on("c", "", hears(1)),
		on("b", "", text(`["broadcast","to x","x"]`), hears(2)), on("a", "", hears(1)), on("c", "", text("nothing for me"), hears(1)),
		on("c", "", text(`["broadcast","to nobody","none"]`), hears(1)))
	closing := append(three[:3:3], on("b", "", text(`["close",1000,"bye"]`), hearsEnd), on("a", "", text(`["broadcast","to the open"]`), hears(2)), on("c", "", hears(1)))
	return []Case{
		asked("socket/tags", "tag=a&tag=b", `["tags"]`),
		asked("socket/no tags", "", `["tags"]`, `["list"]`),
		asked("socket/unicode tag", "tag=%C3%BC", `["tags"]`, `["list","ü"]`),
		{Name: "socket/list", Steps: list},
		{Name: "socket/send by tag", Steps: tell},
		{Name: "socket/broadcast", Steps: broadcast},
		{Name: "socket/broadcast passes over what is closed", Steps: closing},
		{Name: "socket/list without sockets", Steps: []Step{do(`["list"]`, ""), do(`["list","x"]`, ""), do(`["broadcast","x"]`, "")}},
	}
}

// socketErrors do things to sockets inside the object.
func socketErrors() []Case {
	var cases []Case
	for _, name := range []string{
		"accept, then hibernate", "hibernate, then accept", "hibernate twice", "hibernate the other end", "hibernate after the other end accepted", "accept twice",
		"send too early", "close too early", "tags of a socket that was not accepted", "tags of an ordinary socket", "automatic answers of an ordinary socket", "tags repeated",
		"no tags", "empty tag", "ten tags", "eleven tags", "longest tag", "tag too long", "tag too long in bytes", "attachment of a socket that was not accepted",
		"states of a pair", "messages of a pair", "both ends speak", "close codes", "close reasons",
	} {
		cases = append(cases, Case{Name: "socket pair/" + name, Steps: []Step{do(`["sockets","`+name+`"]`, "")}})
	}
	abort := do(`["abort"]`, "")
	abort.Drop = true
	return append(cases, Case{Name: "socket pair/too many", Alone: true, Steps: []Step{do(`["sockets","too many"]`, ""), abort, do(`["list"]`, "")}})
}

func socketAttachments() []Case {
	cases := []Case{
		asked("socket attachment/none", "", `["attachment"]`),
		asked("socket attachment/copies", "", `["copies"]`),
		asked("socket attachment/replaced", "", `["attach","object"]`, `["attach","string"]`, `["attachment"]`),
		asked("socket attachment/too large leaves what was", "", `["attach","string"]`, `["attach","too large"]`, `["attachment"]`),
	}
	for _, name := range []string{
		"object", "string", "empty", "number", "integer", "zero", "true", "false", "null", "date", "bytes", "list", "bigint", "map", "large", "too large", "far too large", "function",
	} {
		cases = append(cases, asked("socket attachment/"+name, "", `["attach","`+name+`"]`))
	}
	return cases
}

func socketAutoResponses() []Case {
	return []Case{
		asked("socket auto/none", "", `["auto get"]`, `["auto time"]`),
		asked("socket auto/answers", "", `["auto","ping","pong"]`, `["auto get"]`, "ping", `["auto time"]`, `["log"]`),
		asked("socket auto/exact text only", "", `["auto","ping","pong"]`, "ping ", "Ping", "pin", "ping", "pingping"),
		one("socket auto/bytes are not answered", "", text(`["auto","ping","pong"]`), hears(1), bytesOf([]byte("ping")), hears(1), text(`["auto time"]`), hears(1)),
		asked("socket auto/unset", "", `["auto","ping","pong"]`, "ping", `["auto unset"]`, `["auto get"]`, "ping"),
		asked("socket auto/replaced", "", `["auto","ping","pong"]`, `["auto","hey","ho"]`, "ping", "hey", `["auto get"]`),
		asked("socket auto/empty texts", "", `["auto","",""]`, `["auto get"]`, ""),
		asked("socket auto/largest", "", `["auto sizes",2048,2048]`),
		asked("socket auto/request too large", "", `["auto sizes",2049,1]`, `["auto get"]`),
		asked("socket auto/response too large", "", `["auto sizes",1,2049]`, `["auto get"]`),
		{Name: "socket auto/every socket", Steps: []Step{
			on("a", "tag=a", text(`["auto","ping","pong"]`), hears(1)), on("b", "tag=b", text("ping"), hears(1), text(`["auto time"]`), hears(1)),
			on("a", "", text(`["auto time"]`), hears(1)),
		}},
		one("socket auto/order among sends", "", text(`["auto","ping","pong"]`), hears(1), text("1", "2"), hears(2), text("ping"), hears(1), text("3"), hears(1)),
		one("socket auto/not after close", "", text(`["auto","ping","pong"]`), hears(1), text(`["close",1000,"bye"]`), hearsEnd, text("ping"), closing(1000, ""), hearsEnd),
		asked("socket timeout/set and get", "", `["timeout",5000]`, `["timeout",0]`, `["timeout",604800000]`),
		asked("socket timeout/too long", "", `["timeout",604800001]`),
		asked("socket timeout/negative", "", `["timeout",-1]`),
	}
}

func socketEnds() []Case {
	closed := func(name, mode string, code int, reason string) Case {
		return logged("socket close/"+name, "tag=a", closedLog, text(`["mode","`+mode+`"]`), hears(1), closing(code, reason), hearsEnd)
	}
	by := func(name, command string) Case {
		return logged("socket close/by the object, "+name, "tag=a", closedLog, text(command), answersEnd)
	}
	return []Case{
		closed("by the client", "answer", 1000, "bye"),
		closed("by the client without a reason", "answer", 1001, ""),
		closed("by the client without a code", "answer", 0, ""),
		closed("by the client with a code of its own", "answer", 4321, "mein Grund"),
		closed("the handler still sends", "send", 1000, "bye"),
		logged("socket close/no code given back", "tag=a", closedLog, text(`["mode","same code"]`), hears(1), closing(0, "")),
		by("with code and reason", `["close",4000,"enough"]`),
		by("with a code", `["close",1000]`),
		by("without a code", `["close"]`),
		logged("socket close/send after it", "tag=a", closedLog, text(`["close, then send"]`), answersEnd),
		asked("socket close/refused code", "", `["close",1005,"x"]`, `["state"]`),
		asked("socket close/reason without a code", "", `["close",null,"why"]`, `["state"]`),
		logged("socket close/lost", "tag=a", closedLog, text("hello"), hears(1), hangUp),
		{Name: "socket close/listed until its event is handled", Steps: []Step{
			on("a", "tag=a", text(`["mode","silence"]`), hears(1)), on("b", "tag=b", text("hello"), hears(1)), on("a", "", text(`["close",1000,"bye"]`), hearsEnd),
			do(`["list"]`, ""), on("a", "", closing(1000, "")), do(`["list"]`, `\["b"\]`), do(`["log"]`, closedLog),
		}},
		{Name: "socket close/failing handler", Steps: []Step{
			on("a", "tag=a", text(`["mode","throw"]`), hears(1), closing(1000, "bye")), do(`["log"]`, closedLog), do(`["list"]`, `\[\]`), do(`["born"]`, ""),
		}},
		{Name: "socket close/client answers with another code", Steps: []Step{
			on("a", "tag=a", text(`["close",4000,"mine"]`), hearsEnd, closing(4001, "yours")), do(`["log"]`, closedLog),
		}},
		logged("socket error/unknown opcode", "tag=a", "failed|closed by", frame(3, "x"), hearsEnd),
		one("socket error/unmasked frame is taken", "", unmasked("x"), hears(1)),
		one("socket error/bad UTF-8 is taken", "", frame(1, "\xff\xfe"), hears(1)),
		logged("socket error/too large", "tag=a", "failed|closed by", announced(33<<20), hearsEnd),
		logged("socket error/continuation of nothing", "tag=a", "failed|closed by", frame(0, "x"), hearsEnd),
		{Name: "socket error/no longer listed", Steps: []Step{on("a", "tag=a", frame(3, "x"), hearsEnd), do(`["log"]`, "failed"), do(`["list"]`, `\[\]`)}},
	}
}

func socketLives() []Case {
	return []Case{
		{Name: "socket/deleteAll leaves sockets", Steps: []Step{on("a", "tag=a", text(`["deleteAll"]`), hears(1), text("still"), hears(1), text(`["list"]`), hears(1))}},
		{Name: "socket/abort drops sockets", Steps: []Step{
			on("a", "tag=a", text("hello"), hears(1)), on("b", "tag=b", text(`["abort"]`), hearsEnd), on("a", "", hearsEnd), do(`["list"]`, ""), do(`["log"]`, ""),
		}},
		{Name: "socket/nothing is sent before its write", Steps: []Step{
			on("a", "tag=a", text(`["send after a write that fails"]`), hearsEnd), do(`["list"]`, ""),
		}},
		{Name: "socket/event timeout keeps sockets", Steps: []Step{
			on("a", "tag=a", text(`["attach","string"]`), hears(1), text(`["timeout",60]`), hears(1), text(`["wait","too slow"]`)),
			{Case: "socket/event timeout keeps sockets, timer", Socket: "timer", Talk: []talk{text(`["slow",300,"now"]`), hears(1)}}, on("a", "", text("again"), hears(1), text(`["attachment"]`), hears(1), text(`["tags"]`), hears(1)),
		}},
		{Name: "socket/event timeout and the object", Steps: []Step{
			on("a", "", text(`["timeout",60]`), hears(1), text(`["wait","too slow"]`)),
			{Case: "socket/event timeout and the object, timer", Socket: "timer", Talk: []talk{text(`["slow",300,"now"]`), hears(1)}},
			on("a", "", text(`["born"]`), hears(1), text(`["log"]`), hears(1)),
		}},
	}
}

func ordinarySockets() []Case {
	object := func(name string, lines ...talk) Case {
		return logged("socket ordinary/"+name, "ordinary=1&greet=1", "event", append([]talk{hears(1)}, lines...)...)
	}
	worker := func(name, query string, lines ...talk) Case {
		c := one("socket of the Worker/"+name, "greet=1"+query, append([]talk{hears(1)}, lines...)...)
		c.Steps = append(c.Steps, Step{Until: "event"})
		return c
	}
	return []Case{
		object("echo", text("hello"), hears(1), bytesOf([]byte{1, 2}), hears(1), closing(1000, "bye"), hearsEnd),
		object("order", text("1", "2", "3", "4", "5"), hears(5), closing(1000, ""), hearsEnd),
		object("closed without a code", closing(0, ""), hearsEnd),
		object("closed by the object", text(`["close",4000,"enough"]`), answersEnd),
		object("lost", hangUp),
		object("unknown opcode", frame(3, "x"), hearsEnd),
		object("does not hibernate", text(`["list"]`), hears(1), text(`["tags"]`), hears(1), closing(1000, ""), hearsEnd),
		logged("socket ordinary/half open", "half+open=1", "event", text("hello"), hears(1), closing(1000, "bye")),
		worker("echo", "", text("hello"), hears(1), bytesOf([]byte{1, 2}), hears(1), text(`["state"]`), hears(1), closing(1000, "bye"), hearsEnd),
		worker("closed by the Worker", "", text(`["close",4000,"enough"]`), answersEnd),
		worker("closed without a code", "", closing(0, ""), hearsEnd),
		worker("lost", "", hangUp),
		worker("attachment", "", text(`["attach","object"]`), hears(1), closing(1000, ""), hearsEnd),
		worker("large message", "", bytesOf(pattern(1<<20)), hears(1), closing(1000, ""), hearsEnd),
		worker("send after close", "", text(`["close, then send"]`), answersEnd),
	}
}
