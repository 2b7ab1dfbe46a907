package compatibility

var socketSections = []section{
	{"WebSocket", "WebSocket", "", []member{
		{"accept", "websocket.Conn.Accept", "socket pair/accept*; socket ordinary/*; socket of the Worker/echo", ""},
		{"send", "websocket.Conn.SendText; websocket.Conn.Send", "socket/echo*; socket/order of sends; socket/send after a write; socket pair/send too early; socket of the Worker/send after close", ""},
		{"close", "websocket.Conn.Close", "socket close/*; socket pair/close codes; socket pair/close reasons; socket pair/close too early", ""},
		{"serializeAttachment", "websocket.Conn.SerializeAttachment", "socket attachment/*", ""},
		{"deserializeAttachment", "websocket.Conn.DeserializeAttachment; websocket.Attachment", "socket attachment/none; socket attachment/copies; socket attachment/replaced", ""},
		{"readyState", "websocket.Conn.ReadyState", "socket pair/states of a pair; socket close/listed until its event is handled", ""},
		{"bufferedAmount", "", "", "not implemented; `Send` returns when the host has taken the message"},
		{"url", "websocket.Conn.URL", "socket/upgrade; socket pair/states of a pair", ""},
		{"protocol", "websocket.Conn.Protocol", "socket/subprotocol*", ""},
		{"extensions", "websocket.Conn.Extensions", "socket/upgrade; socket pair/states of a pair", ""},
		{"binaryType", "", "", "a binary message is a `[]byte`; there is nothing to choose"},
	}},
	{"WebSocket (static)", "The WebSocket constructor", "", []member{
		{"new", "websocket.Dial", "socket of the Worker/echo", ""},
		{"prototype", "", "", "Go has none"},
		{"READY_STATE_CONNECTING", "websocket.Connecting", "socket pair/states of a pair", ""}, {"CONNECTING", "websocket.Connecting", "socket pair/states of a pair", ""},
		{"READY_STATE_OPEN", "websocket.Open", "socket pair/states of a pair", ""}, {"OPEN", "websocket.Open", "socket pair/states of a pair", ""},
		{"READY_STATE_CLOSING", "websocket.Closing", "socket pair/states of a pair", ""}, {"CLOSING", "websocket.Closing", "socket pair/states of a pair", ""},
		{"READY_STATE_CLOSED", "websocket.Closed", "socket pair/states of a pair", ""}, {"CLOSED", "websocket.Closed", "socket pair/states of a pair", ""},
	}},
	{"", "WebSocket: events", "What `addEventListener` delivers.", []member{
		{"message", "websocket.Conn.Receive; websocket.Conn.Messages; websocket.Message; (received in order, by asking)", "socket ordinary/echo; socket ordinary/order; socket pair/messages of a pair", ""},
		{"close", "websocket.CloseError; websocket.CloseCode; (the error of Receive)", "socket ordinary/closed*; socket of the Worker/closed*", ""},
		{"error", "websocket.Conn.Receive; (its error)", "socket ordinary/lost; socket ordinary/unknown opcode", ""},
		{"open", "websocket.Dial; (Dial returns when it is open)", "socket of the Worker/echo", ""},
	}},
	{"WebSocketAcceptOptions", "Options of `accept`", "", []member{
		{"allowHalfOpen", "websocket.AllowHalfOpen", "socket ordinary/half open", ""},
	}},
	{"WebSocketPair (static)", "WebSocketPair", "", []member{
		{"new", "websocket.NewPair; websocket.Upgrade; websocket.Respond", "socket pair/*", ""},
	}},
	{"WebSocketRequestResponsePair", "WebSocketRequestResponsePair", "", []member{
		{"constructor", "durables.State.SetWebSocketAutoResponse; (two strings instead)", "socket auto/answers; socket auto/request too large; socket auto/response too large", ""},
		{"request", "durables.State.GetWebSocketAutoResponse", "socket auto/largest; socket auto/replaced", ""},
		{"response", "durables.State.GetWebSocketAutoResponse", "socket auto/largest; socket auto/replaced", ""},
	}},
}
