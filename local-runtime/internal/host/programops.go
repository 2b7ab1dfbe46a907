package host

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
)

// answerTo is where the result of an operation of JavaScript goes.
type answerTo func(abi.Value, *js.Body, error)

// programOps are the operations that the files under internal/js/web call, by name.
var programOps = map[string]func(p *program, a arguments, body *js.Body, done answerTo){
	"fetch": (*program).opFetch, "rpc": (*program).opRPC, "serviceRpc": (*program).opServiceRPC, "rateLimit": (*program).opRateLimit, "compress": (*program).opCompress, "decompress": (*program).opDecompress, "d1": (*program).opD1, "r2": (*program).opR2, "kv": (*program).opKV, "queueSend": (*program).opQueueSend, "digest": (*program).opDigest,
	"cachePut": (*program).opCachePut, "cacheMatch": (*program).opCacheMatch, "cacheDelete": (*program).opCacheDelete,
	"connect": (*program).opConnect, "socketWrite": (*program).opSocketWrite, "socketClose": (*program).opSocketClose,
	"socketCloseWrite": (*program).opSocketCloseWrite, "socketStartTls": (*program).opSocketStartTLS,
}

// Call implements js.Outside.
func (p *program) Call(op string, args []abi.Value, body *js.Body, done func(abi.Value, *js.Body, error)) {
	do := programOps[op]
	if do == nil {
		done(nil, nil, abi.Errorf("the local host has no operation %q", op))
		return
	}
	answer := p.uploading(body, done)
	p.output(func() { do(p, args, body, answer) }, func(lost error) { unsent(body, lost) })
}

// ID implements js.Outside.
func (p *program) ID(binding, how, text string) (string, error) {
	var w abi.Writer
	w.Str(binding)
	w.U8(map[string]byte{"name": abi.IDFromName, "string": abi.IDFromString, "unique": abi.IDUnique}[how])
	w.Str(text)
	w.Str("")
	return p.host.id(abi.NewReader(w.Bytes()))
}

// opFetch is fetch(target, request).
func (p *program) opFetch(a arguments, body *js.Body, done answerTo) {
	target, q := a.object(0), a.object(1)
	text := func(o abi.Object, name string) string { s, _ := o.Get(name).(string); return s }
	c := &fetchCall{body: contentOf(body), redirect: map[string]byte{"follow": 0, "manual": 1, "error": 2}[text(q, "redirect")]}
	c.request = abi.Request{Method: text(q, "method"), URL: text(q, "url"), Headers: headersFrom(q.Get("headers")), CF: text(q, "cf")}
	fail := func(e *abi.Error) { done(nil, nil, e) }
	switch text(target, "kind") {
	case "object":
		stub := abi.Stub{Binding: text(target, "binding"), Ref: text(target, "id")}
		if name, ok := target.Get("name").(string); ok {
			stub.Named, stub.Ref = true, name
		}
		l, e := p.host.resolve(stub)
		if e != nil {
			fail(e)
			return
		}
		c.target, c.link = abi.Target{Kind: abi.TargetObject, Stub: stub}, l
	case "service":
		c.target = abi.Target{Kind: abi.TargetService, Service: text(target, "binding")}
		if !p.host.isAssets(c.target.Service) {
			var err error
			if c.entry, err = p.host.service(c.target); err != nil {
				fail(asError(err))
				return
			}
		}
	default:
		c.target = abi.Target{Kind: abi.TargetNetwork}
		if !strings.HasPrefix(c.request.URL, "http://") && !strings.HasPrefix(c.request.URL, "https://") {
			fail(abi.TypeErrorf("Fetch API cannot load: %s", c.request.URL))
			return
		}
		p.countHop(&c.request)
	}
	p.host.fetch(nil, c, reply{
		cause: p.start.number,
		response: func(r *abi.Response, body content) {
			if body.socket == nil {
				done(responseValue(r), bodyFor(body), nil)
				return
			}
			if !p.loop.post(func() {
				if p.closed {
					body.socket.drop()
					return
				}
				done(append(responseValue(r), abi.Field{Name: "socket", Value: p.addSocket(body.socket)}), nil, nil)
			}) {
				body.socket.drop()
			}
		},
		fail: fail,
	})
}

// answered decodes the result of an operation that is shared with modules of the SDK.
func answered(result []byte, read func(r *abi.Reader) abi.Value, done answerTo) {
	r := abi.NewReader(result)
	if r.U8() == abi.StatusError {
		done(nil, nil, r.Error())
		return
	}
	v := read(r)
	if err := r.End(); err != nil {
		done(nil, nil, err)
		return
	}
	done(v, nil, nil)
}

// opD1 is d1(binding, mode, [[sql, parameters]]).
func (p *program) opD1(a arguments, _ *js.Body, done answerTo) {
	var w abi.Writer
	w.Str(a.text(0))
	w.U8(byte(a.int(1)))
	statements := a.list(2)
	w.Uint(uint64(len(statements)))
	for _, s := range statements {
		s, _ := s.(abi.Array)
		w.Str(arguments(s).text(0))
		w.Values(arguments(s).list(1))
	}
	finish := func(result []byte) { answered(result, readD1, done) }
	if refused := p.host.d1(abi.NewReader(w.Bytes()), finish); refused != nil {
		finish(refused)
	}
}

func readD1(r *abi.Reader) abi.Value {
	results := abi.Array{}
	for n := r.Count(); n > 0 && r.Err() == nil; n-- {
		columns, rows := abi.Array{}, abi.Array{}
		for _, c := range r.Strs() {
			columns = append(columns, c)
		}
		for m := r.Count(); m > 0 && r.Err() == nil; m-- {
			rows = append(rows, abi.Array(r.Values()))
		}
		results = append(results, abi.Object{{Name: "columns", Value: columns}, {Name: "rows", Value: rows}, {Name: "meta", Value: r.Value()}})
	}
	return results
}

// opR2 is r2(binding, method, arguments).
func (p *program) opR2(a arguments, body *js.Body, done answerTo) {
	c := &r2Call{host: p.host, now: abi.DateOf(p.host.cfg.Clock.Now()), method: a.text(1), args: arguments(a.list(2)), body: contentOf(body)}
	c.bucket = p.host.bucketOf(a.text(0))
	do := r2Methods[c.method]
	if c.bucket == nil || do == nil {
		done(nil, nil, abi.TypeErrorf("there is no R2 binding %q with a method %q", a.text(0), c.method))
		return
	}
	p.host.performR2(c, do, func(result abi.Value, body content, err error) {
		if err != nil {
			done(nil, nil, err)
			return
		}
		done(result, bodyFor(body), nil)
	})()
}

// opKV is kv(binding, method, arguments).
func (p *program) opKV(a arguments, body *js.Body, done answerTo) {
	var w abi.Writer
	w.Str(a.text(0))
	w.Str(a.text(1))
	w.Values(a.list(2))
	value := abi.Body{Mode: abi.BodyNone}
	if body != nil {
		value = abi.Body{Mode: abi.BodyInline, Inline: body.Bytes}
	}
	w.Body(value)
	perform, err := p.host.workersKV(abi.NewReader(w.Bytes()), newStreams(), func(result abi.Value, answer content, err error) {
		if err != nil {
			done(nil, nil, err)
			return
		}
		done(result, bodyFor(answer), nil)
	})
	if err != nil {
		done(nil, nil, err)
		return
	}
	perform()
}

var contentTypes = map[string]byte{"json": abi.QueueJSON, "text": abi.QueueText, "bytes": abi.QueueBytes, "v8": abi.QueueV8}

// opQueueSend is queueSend(binding, messages, delay).
func (p *program) opQueueSend(a arguments, _ *js.Body, done answerTo) {
	seconds := func(v abi.Value) *float64 {
		switch n := v.(type) {
		case int64:
			f := float64(n)
			return &f
		case float64:
			return &n
		}
		return nil
	}
	var list []abi.QueueMessage
	for _, m := range a.list(1) {
		o, _ := m.(abi.Object)
		kind, _ := o.Get("contentType").(string)
		list = append(list, abi.QueueMessage{ContentType: contentTypes[kind], Body: o.Get("body"), Delay: seconds(o.Get("delaySeconds"))})
	}
	var w abi.Writer
	w.Str(a.text(0))
	w.QueueMessages(list, seconds(a.at(2)))
	finish := func(result []byte) { answered(result, func(*abi.Reader) abi.Value { return nil }, done) }
	if refused := p.host.queueSend(abi.NewReader(w.Bytes()), finish); refused != nil {
		finish(refused)
	}
}

var digests = map[string]func() hash.Hash{"MD5": md5.New, "SHA-1": sha1.New, "SHA-256": sha256.New, "SHA-384": sha512.New384, "SHA-512": sha512.New}

// opDigest is digest(algorithm, bytes).
func (p *program) opDigest(a arguments, _ *js.Body, done answerTo) {
	make := digests[strings.ToUpper(a.text(0))]
	if make == nil {
		done(nil, nil, &abi.Error{Name: "NotSupportedError", Message: "Unrecognized or unimplemented digest algorithm requested."})
		return
	}
	data, _ := a.at(1).([]byte)
	h := make()
	h.Write(data)
	done(h.Sum(nil), nil, nil)
}
