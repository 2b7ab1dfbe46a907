package host

import (
	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
)

var errNotData = &abi.Error{Name: "DataCloneError", Message: "the method returned a function, a stub or a stream, which JavaScript of the local host cannot take: return data"}

// opRPC is rpc(binding, id, name, method, arguments): a call of an object.
func (p *program) opRPC(a arguments, _ *js.Body, done answerTo) {
	stub := abi.Stub{Binding: a.text(0), Ref: a.text(1)}
	if name, ok := a.at(2).(string); ok {
		stub.Named, stub.Ref = true, name
	}
	l, e := p.host.resolve(stub)
	if e != nil {
		done(nil, nil, e)
		return
	}
	fail := func(e *abi.Error) { done(nil, nil, remote(e)) }
	l.reach(func(to *Host) {
		if !to.runsPrograms() {
			l.call(invoked(a.text(3), a.list(4), done))
			return
		}
		to.callScripted(p.start.number, l.key, l.name, a.text(3), a.list(4), func(v abi.Value, err error) {
			if err != nil {
				fail(asError(err))
				return
			}
			done(v, nil, nil)
		})
	}, fail, fail)
}

// opServiceRPC is serviceRpc(binding, method, arguments): a call of what a service binding goes to.
func (p *program) opServiceRPC(a arguments, _ *js.Body, done answerTo) {
	if p.host.isAssets(a.text(0)) {
		done(nil, nil, noMethod(a.text(1)))
		return
	}
	to, err := p.host.service(abi.Target{Kind: abi.TargetService, Service: a.text(0)})
	if err != nil {
		done(nil, nil, err)
		return
	}
	if p.owner != nil {
		to.caller = &p.owner.key
	}
	to.call(invoked(a.text(1), a.list(2), done))
}

// invoked is a call with data, whose result is data.
func invoked(method string, args abi.Array, done answerTo) *invocation {
	var w abi.Writer
	w.Values(args)
	return &invocation{path: []string{method}, args: payload{data: w.Bytes()}, done: func(v payload, failed *abi.Error) {
		switch {
		case failed != nil:
			done(nil, nil, failed)
		case len(v.refs) > 0:
			v.release()
			done(nil, nil, errNotData)
		default:
			r := abi.NewReader(v.data)
			result := r.Value()
			if err := r.End(); err != nil {
				done(nil, nil, err)
				return
			}
			done(result, nil, nil)
		}
	}}
}
