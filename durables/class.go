// Package durables is the SDK for Durable Object classes in Go. A class is a Go type with a constructor; its methods are
// declared once, and the declaration serves the object and its callers:
//
//	var Class = durables.Class("Counter", New)
//	var Add = durables.Method(Class, "add", (*Counter).add)
//	var Counters = Class.Namespace("COUNTERS")
//
//	func New(ctx context.Context, state *durables.State) (*Counter, error) { … }
//	func (c *Counter) add(ctx context.Context, n int) (int, error) { … }
//
//	total, err := Add.Call(ctx, Counters.GetByName("visits"), 1) // in any Worker, object or test
//
// JavaScript Workers call the same methods by native RPC. Optional behaviour is an optional interface of the type:
// http.Handler for fetch, Alarmer for alarms, WebSocketMessager and its siblings for sockets that hibernate.
//
// Start with Class and Method; State is what an object may do, Storage and SQL what it keeps, Tasks several schedules over its one alarm. The context
// that a function gets is the one to pass on: it says which object, and which event, an operation is for.
//
// See https://developers.cloudflare.com/durable-objects/.
package durables

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// ClassOf describes a Durable Object class whose instances are *T.
type ClassOf[T any] struct {
	name    string
	create  func(ctx context.Context, state *State) (*T, error)
	methods map[string]method[T]
	order   []string

	mu       sync.Mutex
	bindings []string // names given to Namespace, for the build to check
	exported bool     // Exports was called
	facets   bool     // Facets was called
}

type method[T any] struct {
	retryable bool
	call      func(ctx context.Context, object *T, args []byte) ([]byte, error)
	signature func(types *guest.Types) string
}

// Class declares the Durable Object class called name in wrangler.toml. Declare it in a package-level variable: importing
// the package exports the class. create constructs an instance and runs under BlockConcurrencyWhile: no event is
// delivered before it returns, and an error resets the object and goes to the caller.
func Class[T any](name string, create func(ctx context.Context, state *State) (*T, error)) *ClassOf[T] {
	c := &ClassOf[T]{name: name, create: create, methods: map[string]method[T]{}}
	guest.Register(name, exported[T]{c})
	return c
}

// Name returns the name of the class.
func (c *ClassOf[T]) Name() string { return c.name }

// None is the parameter type of methods without a parameter, and the result type of methods that return nothing: durables.None{}, in
// JavaScript no argument and undefined.
type None = guest.None

// MethodOf is an RPC method of *T with parameter P and result R.
type MethodOf[T, P, R any] struct{ name string }

var reserved = map[string]bool{
	"fetch": true, "connect": true, "alarm": true, "webSocketMessage": true, "webSocketClose": true, "webSocketError": true,
	"ctx": true, "env": true, // every instance in JavaScript has these, and they hide methods
}

// Method declares that f can be called by RPC under name. Parameter and result may be any data: structs (plain objects by
// their json tags), maps, slices, strings, numbers, []byte, time.Time (Date), *big.Int (BigInt), errors, and what package rpc passes by
// reference: functions, stubs, streams, requests. A pointer parameter may be left out. The encoded data is limited to 32 MiB. It panics on a
// reserved or repeated name. See Retryable for the one option.
//
// See https://developers.cloudflare.com/workers/runtime-apis/rpc/.
func Method[T, P, R any](c *ClassOf[T], name string, f func(*T, context.Context, P) (R, error), options ...MethodOption) *MethodOf[T, P, R] {
	c.add(name, method[T]{
		retryable: isRetryable(options),
		call: func(ctx context.Context, object *T, args []byte) ([]byte, error) {
			p, err := guest.DecodeParameter[P](ctx, name, args)
			if err != nil {
				return nil, err
			}
			result, err := f(object, ctx, p)
			if err != nil {
				return nil, err
			}
			return guest.EncodeResult(ctx, name, result)
		},
		signature: func(types *guest.Types) string { return guest.Signature[P, R](types, ":") },
	})
	return &MethodOf[T, P, R]{name: name}
}

func isRetryable(options []MethodOption) bool { return slices.Contains(options, Retryable) }

func (c *ClassOf[T]) add(name string, m method[T]) {
	_, taken := c.methods[name]
	checkMethod(c.name, name, taken)
	c.methods[name] = m
	c.order = append(c.order, name)
}

func checkMethod(class, name string, taken bool) {
	if reserved[name] || guest.ReservedMethod(name) {
		panic(fmt.Sprintf("durables: %s.%s: the name is reserved by the runtime and cannot be called over RPC: give the method another", class, name))
	}
	if taken {
		panic(fmt.Sprintf("durables: %s has two methods called %s: give each its own name", class, name))
	}
}

// exported adapts a class to the guest runtime.
type exported[T any] struct{ class *ClassOf[T] }

func (e exported[T]) Construct(ctx context.Context, id guest.ObjectID) (guest.Instance, error) {
	state := newState(id)
	_, state.storage.alarms = any((*T)(nil)).(Alarmer)
	object, err := e.class.create(ctx, state)
	if err != nil {
		return nil, err
	}
	return instance[T]{e.class, object}, nil
}

func (e exported[T]) Describe(types *guest.Types) abi.Object {
	var zero any = (*T)(nil)
	_, fetch := zero.(http.Handler)
	_, alarm := zero.(Alarmer)
	_, message := zero.(WebSocketMessager)
	_, closed := zero.(WebSocketCloser)
	_, failed := zero.(WebSocketErrorer)
	methods := abi.Array{}
	for _, name := range e.class.order {
		methods = append(methods, abi.Object{
			{Name: "name", Value: name},
			{Name: "signature", Value: e.class.methods[name].signature(types)},
			{Name: "retryable", Value: e.class.methods[name].retryable},
		})
	}
	e.class.mu.Lock()
	defer e.class.mu.Unlock()
	bindings := abi.Array{}
	for _, name := range e.class.bindings {
		bindings = append(bindings, name)
	}
	return abi.Object{
		{Name: "name", Value: e.class.name}, {Name: "fetch", Value: fetch}, {Name: "alarm", Value: alarm}, {Name: "methods", Value: methods},
		{Name: "bindings", Value: bindings}, {Name: "exports", Value: e.class.exported}, {Name: "facets", Value: e.class.facets},
		{Name: "webSocketMessage", Value: message}, {Name: "webSocketClose", Value: closed}, {Name: "webSocketError", Value: failed},
	}
}

type instance[T any] struct {
	class  *ClassOf[T]
	object *T
}

func (i instance[T]) RPC(ctx context.Context, name string, args []byte) ([]byte, error) {
	m, ok := i.class.methods[name]
	if !ok {
		return nil, guest.NewError("TypeError", fmt.Sprintf("The RPC receiver does not implement the method %q.", name))
	}
	return m.call(ctx, i.object, args)
}

func (i instance[T]) Alarm(ctx context.Context, info AlarmInfo) error {
	a, ok := any(i.object).(Alarmer)
	if !ok {
		return errNoAlarm
	}
	return a.Alarm(ctx, info)
}

func (i instance[T]) Handler() http.Handler {
	h, _ := any(i.object).(http.Handler)
	return h
}

var errNoAlarm = guest.NewError("TypeError", "Your Durable Object class must have an alarm() handler in order to call setAlarm()")

// Alarmer is implemented by objects that set alarms. Alarm runs at least once for each alarm; when it fails it is run again after
// 2 s, 4 s, … up to 6 times.
//
// See https://developers.cloudflare.com/durable-objects/api/alarms/.
type Alarmer interface {
	Alarm(ctx context.Context, info AlarmInfo) error
}

// AlarmInfo tells an alarm handler which run of which alarm this is:
//
//	ScheduledTime time.Time // when the alarm was due; the same for all its retries
//	RetryCount    int       // how many runs of it have failed
//	IsRetry       bool      // whether one has
type AlarmInfo = guest.AlarmInfo

// Error is a failure with a name and properties, as it crosses between Workers, objects and JavaScript. Get at it with errors.As:
//
//	var failed *durables.Error
//	if errors.As(err, &failed) && failed.Retryable { … }
//
// Its fields are
//
//	Name               string         // the class of the error: "Error", "TypeError", "RangeError", …
//	Message            string         // what went wrong
//	Remote             bool           // the object or service that was called has thrown it
//	Retryable          bool           // the call may not have arrived: try it again if it may run twice
//	Overloaded         bool           // the object has more requests than it can handle: do not try again at once
//	DurableObjectReset bool           // the object was reset: get a new stub, whose call goes to a fresh instance
//	Cause              error          // its `cause`, and what a Go error wraps; Unwrap returns it
//	Props              map[string]any // its other own properties
//	Stack              string         // of JavaScript or Go, where there is one
//
// and its method Error returns the message, with the name before it unless that is plain "Error".
//
// See https://developers.cloudflare.com/durable-objects/best-practices/error-handling/.
type Error = guest.Error

// TypeError returns an error that callers, also those in JavaScript, see as a TypeError.
func TypeError(message string) *Error { return guest.NewError("TypeError", message) }
