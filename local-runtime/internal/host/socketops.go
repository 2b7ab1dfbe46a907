package host

import (
	"bytes"
	"math"
	"strconv"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/websocket"
)

// party is on whose behalf an operation on a socket is: an event in a guest, or the native side.
type party struct {
	table  *socketTable
	frame  *frame               // nil natively
	output func(release func()) // through the output gate
	object *object              // nil outside of one
}

func (s *Isolate) party(f *frame) party {
	return party{s.sockets, f, func(release func()) { s.outputs.Add(f.object, func() { f.object.release(release) }, nil) }, f.object}
}

// find returns the socket with a number, if it is this party's; nil is one that was used in a response.
func (p party) find(number uint64) *socket {
	k := p.table.socks[number]
	if k == nil || k.object != p.object || p.object == nil && k.worker != p.frame {
		return nil
	}
	return k
}

// socketOp is an operation on sockets that ends in place. It writes its payload to w.
type socketOp func(p party, r *abi.Reader, w *abi.Writer) error

func (do socketOp) perform(p party, r *abi.Reader) []byte {
	w := abi.NewWriter([]byte{abi.StatusOK})
	if err := do(p, r, w); err != nil {
		return failure(err)
	}
	return w.Bytes()
}

// socketed makes an operation of a socketOp.
func socketed(do socketOp) op {
	return func(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
		return do.perform(s.party(f), r), 0
	}
}

// socketOps are the operations on sockets but RECEIVE.
var socketOps = map[uint32]socketOp{
	abi.OpSocketPair: socketPair, abi.OpSocketAccept: socketAccept, abi.OpSocketSend: socketSend, abi.OpSocketClose: socketClose,
	abi.OpSocketAttach: socketAttach, abi.OpSocketAttachment: socketAttachment, abi.OpSocketInfo: socketInfo,
	abi.OpSocketList: hibernating(socketList), abi.OpSocketTags: hibernating(socketTags), abi.OpSocketBroadcast: hibernating(socketBroadcast),
	abi.OpSocketAutoResponse: hibernating(socketAutoResponse), abi.OpSocketAutoTime: hibernating(socketAutoTime),
	abi.OpSocketEventTimeout: hibernating(socketEventTimeout),
}

// hibernating makes a socketOp of what exists in Durable Objects only.
func hibernating(do func(o *object, p party, r *abi.Reader, w *abi.Writer) error) socketOp {
	return func(p party, r *abi.Reader, w *abi.Writer) error {
		if p.object == nil {
			return errNoObject
		}
		return do(p.object, p, r, w)
	}
}

func socketPair(p party, r *abi.Reader, w *abi.Writer) error {
	if err := r.End(); err != nil {
		return err
	}
	a, b := newEnds()
	client := p.table.add(p.table.reserve(), a, p.object, p.frame)
	server := p.table.add(p.table.reserve(), b, p.object, p.frame)
	client.pair, server.pair = server, client
	w.Uint(client.number)
	w.Uint(server.number)
	return nil
}

func socketAccept(p party, r *abi.Reader, w *abi.Writer) error {
	number, how, tags := r.Uint(), r.U8(), r.Strs()
	if err := r.End(); err != nil {
		return err
	}
	k := p.find(number)
	switch {
	case how > abi.AcceptHibernates:
		return abi.Errorf("unknown way %d to accept a WebSocket", how)
	case how == abi.AcceptHibernates && p.object == nil:
		return errNoObject
	case how == abi.AcceptHibernates && k == nil:
		return errPairUsed
	case how == abi.AcceptHibernates:
		if err := k.acceptHibernating(p.object, tags); err != nil {
			return err
		}
	case k == nil:
		return abi.TypeErrorf("Can't accept() WebSocket that was already used in a response.")
	case k.state == socketHibernates:
		return abi.TypeErrorf("Can't accept() WebSocket after enabling hibernation.")
	case k.state == socketWaits:
		k.acceptIn(p.frame, how == abi.AcceptHalfOpen)
	}
	return nil
}

// acceptIn accepts a socket in an event.
func (k *socket) acceptIn(f *frame, halfOpen bool) {
	if f == nil {
		k.accept(halfOpen, nil)
		return
	}
	k.accept(halfOpen, f.level)
	if k.object != nil {
		k.object.ordinary[k] = true
	}
}

// errNotAccepted is what a socket says that was neither accepted nor used.
var errNotAccepted = abi.TypeErrorf("You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.")

func socketSend(p party, r *abi.Reader, w *abi.Writer) error {
	number, kind, data := r.Uint(), r.U8(), r.Blob()
	if err := r.End(); err != nil {
		return err
	}
	if kind > abi.SocketBinary {
		return abi.Errorf("unknown kind of message %d", kind)
	}
	k := p.find(number)
	switch {
	case k == nil:
		return nil
	case k.closedOut:
		return abi.TypeErrorf("Can't call WebSocket send() after close().")
	case k.lost:
		return nil
	case k.state == socketWaits:
		return errNotAccepted
	}
	m := newMessage(kind, data)
	p.output(func() { k.transmit(m) })
	return nil
}

// domException is an error as the Web's APIs throw them, with the code that its name had once.
func domException(name string, code int64, message string) *abi.Error {
	return &abi.Error{Name: name, Message: message, Props: []abi.Field{{Name: "code", Value: code}}}
}

func socketClose(p party, r *abi.Reader, w *abi.Writer) error {
	number, code, reason := r.Uint(), r.OptF64(), r.OptStr()
	if err := r.End(); err != nil {
		return err
	}
	e := abi.SocketEvent{Kind: abi.SocketClosed, Code: websocket.NoCode, WasClean: true}
	if code != nil {
		if e.Code = toInt32(*code); !validCode(e.Code) {
			return domException("InvalidAccessError", 15, "Invalid WebSocket close code: "+strconv.Itoa(e.Code)+".")
		}
	}
	if reason != nil {
		e.Reason = string(websocket.ValidText([]byte(*reason)))
		if len(e.Reason) > 123 {
			return domException("SyntaxError", 12, "WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.")
		}
		if code == nil {
			return domException("InvalidAccessError", 15, "If you specify a WebSocket close reason, you must also specify a code.")
		}
	}
	k := p.find(number)
	switch {
	case k == nil || k.closedOut || k.lost:
		return nil
	case k.state == socketWaits:
		return errNotAccepted
	}
	k.closedOut = true
	p.output(func() { k.transmit(message{SocketEvent: e}) })
	return nil
}

func validCode(code int) bool {
	return code >= 1000 && code < 5000 && code != 1004 && code != 1005 && code != 1006 && code != 1015
}

// toInt32 converts a number as JavaScript does for an int parameter.
func toInt32(f float64) int {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return int(int32(uint32(int64(math.Mod(math.Trunc(f), 1<<32)))))
}

// received encodes the result of a RECEIVE.
func received(e abi.SocketEvent) []byte {
	return isolate.Success(func(w *abi.Writer) { w.SocketEvent(e) })
}

var errNotReceiving = abi.TypeErrorf("You must call accept() on this WebSocket before receiving messages.")

// receiving returns the socket of a RECEIVE.
func (p party) receiving(r *abi.Reader) (*socket, error) {
	number := r.Uint()
	if err := r.End(); err != nil {
		return nil, err
	}
	k := p.find(number)
	if k == nil || k.ordinary == nil {
		return nil, errNotReceiving
	}
	return k, nil
}

func opSocketReceive(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	k, err := s.party(f).receiving(r)
	if err != nil {
		return failure(err), 0
	}
	if result := k.receive(&receiver{func(result []byte) { f.complete(id, result) }}); result != nil {
		return result, 0
	}
	f.begin()
	return nil, abi.Pending
}

func socketList(o *object, p party, r *abi.Reader, w *abi.Writer) error {
	tag := r.OptStr()
	if err := r.End(); err != nil {
		return err
	}
	var list []*socket
	if g := o.isolate.groups[o.key]; g != nil {
		list = g.list(tag)
	}
	w.Uint(uint64(len(list)))
	for _, k := range list {
		k.awake(o)
		w.Uint(k.number)
	}
	return nil
}

func socketTags(_ *object, p party, r *abi.Reader, w *abi.Writer) error {
	number := r.Uint()
	if err := r.End(); err != nil {
		return err
	}
	switch k := p.find(number); {
	case k == nil || k.state == socketWaits:
		return abi.Errorf("you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket.")
	case k.state == socketOrdinary:
		return abi.Errorf("only hibernatable websockets can have tags.")
	default:
		w.Strs(k.hibernates.tags)
	}
	return nil
}

func socketAttach(p party, r *abi.Reader, w *abi.Writer) error {
	number := r.Uint()
	encoded := bytes.Clone(r.Rest())
	v := r.Value()
	if err := r.End(); err != nil {
		return err
	}
	if n := serializedSize(v); n > maxAttachment {
		return abi.Errorf("A WebSocket 'attachment' cannot be larger than %d bytes.'attachment' was %d bytes.", maxAttachment, n)
	}
	if k := p.find(number); k != nil {
		k.attachment = encoded
	}
	return nil
}

func socketAttachment(p party, r *abi.Reader, w *abi.Writer) error {
	number := r.Uint()
	if err := r.End(); err != nil {
		return err
	}
	if k := p.find(number); k != nil && k.attachment != nil {
		w.Raw(k.attachment)
		return nil
	}
	w.Value(nil)
	return nil
}

func socketAutoResponse(o *object, p party, r *abi.Reader, w *abi.Writer) error {
	how := r.U8()
	var request, response string
	if how == abi.SettingSet {
		request, response = r.Str(), r.Str()
	}
	if err := r.End(); err != nil {
		return err
	}
	g := o.isolate.groupOf(o, how == abi.SettingSet)
	switch how {
	case abi.SettingGet:
	case abi.SettingSet:
		if len(request) > maxAutoResponse {
			return tooLong("Request", "request", len(request))
		}
		if len(response) > maxAutoResponse {
			return tooLong("Response", "response", len(response))
		}
		g.auto, g.request, g.response = true, request, response
		g.answer = websocket.NewFrame(websocket.Text, []byte(response))
	case abi.SettingUnset:
		if g != nil {
			g.auto = false
		}
	default:
		return abi.Errorf("unknown way %d to treat the automatic response", how)
	}
	set := g != nil && g.auto
	if w.Bool(set); set {
		w.Str(g.request)
		w.Str(g.response)
	}
	return nil
}

func tooLong(what, noun string, n int) error {
	return &abi.Error{Name: "RangeError", Message: what + " cannot be larger than " + strconv.Itoa(maxAutoResponse) + " bytes. A " + noun + " of size " + strconv.Itoa(n) + " was provided."}
}

func socketAutoTime(_ *object, p party, r *abi.Reader, w *abi.Writer) error {
	number := r.Uint()
	if err := r.End(); err != nil {
		return err
	}
	k := p.find(number)
	set := k != nil && k.hibernates != nil && k.hibernates.autoTime != 0
	if w.Bool(set); set {
		w.F64(k.hibernates.autoTime)
	}
	return nil
}

func socketEventTimeout(o *object, p party, r *abi.Reader, w *abi.Writer) error {
	how, ms := r.U8(), r.F64()
	if err := r.End(); err != nil {
		return err
	}
	ms = math.Trunc(ms)
	g := o.isolate.groupOf(o, how == abi.SettingSet && ms > 0)
	switch {
	case how == abi.SettingGet:
	case how == abi.SettingSet && ms < 0:
		return abi.TypeErrorf("The value cannot be converted because it is negative and this API expects a positive number.")
	case how == abi.SettingSet && ms > maxEventTimeout:
		return abi.Errorf("Event timeout should not exceed %d ms.", int(maxEventTimeout))
	case how == abi.SettingSet && ms > 0:
		g.timeout = ms
	case how == abi.SettingSet, how == abi.SettingUnset:
		if g != nil {
			g.timeout = 0
		}
	default:
		return abi.Errorf("unknown way %d to treat the event timeout", how)
	}
	set := g != nil && g.timeout > 0
	if w.Bool(set); set {
		w.F64(g.timeout)
	}
	return nil
}

// socketInfo answers for sockets of a pair or of a response: neither has a URL, and their protocol and extensions are in the response's headers.
func socketInfo(p party, r *abi.Reader, w *abi.Writer) error {
	number := r.Uint()
	if err := r.End(); err != nil {
		return err
	}
	state := uint64(readyClosed)
	if k := p.find(number); k != nil {
		state = k.readyState()
	}
	none := ""
	w.Uint(state)
	w.OptStr(nil)
	w.OptStr(&none)
	w.OptStr(&none)
	return nil
}

func socketBroadcast(o *object, p party, r *abi.Reader, w *abi.Writer) error {
	tag, kind, data := r.OptStr(), r.U8(), r.Blob()
	if err := r.End(); err != nil {
		return err
	}
	if kind > abi.SocketBinary {
		return abi.Errorf("unknown kind of message %d", kind)
	}
	var to []*socket
	if g := o.isolate.groups[o.key]; g != nil {
		for _, k := range g.list(tag) {
			if k.open() {
				to = append(to, k)
			}
		}
	}
	w.Uint(uint64(len(to)))
	if len(to) == 0 {
		return nil
	}
	m := newMessage(kind, data)
	frame := websocket.NewFrame(websocket.Kind(kind), m.Data)
	m.frame = &frame
	p.output(func() {
		for _, k := range to {
			k.transmit(m)
		}
	})
	return nil
}
