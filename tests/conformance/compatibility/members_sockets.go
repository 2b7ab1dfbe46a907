package compatibility

var socketSections = []section{
	{"WebSocket", "WebSocket", "", []member{
		{"accept", "websocket.Conn.Accept", "socket*", ""},
		{"send", "websocket.Conn.SendText; websocket.Conn.Send", "socket*", ""},
		{"close", "websocket.Conn.Close", "socket*close*", ""},
		{"serializeAttachment", "websocket.Conn.SerializeAttachment", "socket*attach*", ""},
		{"deserializeAttachment", "websocket.Conn.DeserializeAttachment; websocket.Attachment", "socket*attach*", ""},
		{"readyState", "websocket.Conn.ReadyState", "socket*", ""},
		{"bufferedAmount", "", "", "not implemented; `Send` returns when the host has taken the message"},
		{"url", "websocket.Conn.URL", "socket*", ""},
		{"protocol", "websocket.Conn.Protocol", "socket*protocol*", ""},
		{"extensions", "websocket.Conn.Extensions", "socket*", ""},
		{"binaryType", "", "", "a binary message is a `[]byte`; there is nothing to choose"},
	}},
	{"WebSocket (static)", "The WebSocket constructor", "", []member{
		{"new", "websocket.Dial", "socket*", ""},
		{"prototype", "", "", "Go has none"},
		{"READY_STATE_CONNECTING", "websocket.State", "socket*", ""}, {"CONNECTING", "websocket.State", "socket*", ""},
		{"READY_STATE_OPEN", "websocket.State", "socket*", ""}, {"OPEN", "websocket.State", "socket*", ""},
		{"READY_STATE_CLOSING", "websocket.State", "socket*", ""}, {"CLOSING", "websocket.State", "socket*", ""},
		{"READY_STATE_CLOSED", "websocket.State", "socket*", ""}, {"CLOSED", "websocket.State", "socket*", ""},
	}},
	{"", "WebSocket: events", "What `addEventListener` delivers.", []member{
		{"message", "websocket.Conn.Receive; websocket.Conn.Messages; websocket.Message; (received in order, by asking)", "socket*", ""},
		{"close", "websocket.CloseError; websocket.CloseCode; (the error of Receive)", "socket*close*", ""},
		{"error", "websocket.Conn.Receive; (the error of Receive)", "socket*", ""},
		{"open", "websocket.Dial; (Dial returns when it is open)", "socket*", ""},
	}},
	{"WebSocketAcceptOptions", "Options of `accept`", "", []member{
		{"allowHalfOpen", "websocket.AllowHalfOpen", "socket*half*", ""},
	}},
	{"WebSocketPair (static)", "WebSocketPair", "", []member{
		{"new", "websocket.NewPair; websocket.Upgrade; websocket.Respond", "socket*", ""},
	}},
	{"WebSocketRequestResponsePair", "WebSocketRequestResponsePair", "", []member{
		{"constructor", "durables.State.SetWebSocketAutoResponse; (two strings instead)", "socket*auto*", ""},
		{"request", "durables.State.GetWebSocketAutoResponse", "socket*auto*", ""},
		{"response", "durables.State.GetWebSocketAutoResponse", "socket*auto*", ""},
	}},
}
