package durables

import (
	"context"
	"fmt"
	"runtime"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
)

// State is what the runtime gives an object: its id, its storage and control over its own events.
//
// See https://developers.cloudflare.com/durable-objects/api/state/.
type State struct {
	id      ID
	props   abi.Value
	storage Storage
}

func newState(id guest.ObjectID) *State {
	return &State{id: ID{hex: id.Hex, name: id.Name}, props: id.Props}
}

// ID returns the object's id. Its Name is known when the event that constructed the object came through a named stub.
func (s *State) ID() ID { return s.id }

// Props stores the object's props in dest, a pointer: what the parent of a facet gave it (see FacetProps), otherwise an empty object.
func (s *State) Props(dest any) error {
	var w abi.Writer
	w.Value(s.props)
	if err := codec.Unmarshal(abi.NewReader(w.Bytes()), dest); err != nil {
		return fmt.Errorf("props: %w", err)
	}
	return nil
}

// Storage returns the object's private storage.
func (s *State) Storage() *Storage { return &s.storage }

// BlockConcurrencyWhile runs f while no other event is delivered to the object. f may wait for anything that it starts itself, but not for
// something started outside; it is limited to 30 s. If f fails or panics, the object is reset: every request to
// it fails with that error, and the next call constructs it anew.
func (s *State) BlockConcurrencyWhile(ctx context.Context, f func(ctx context.Context) error) error {
	return guest.Section(ctx, abi.SectionBlockConcurrency, f)
}

// WaitUntil runs f in a goroutine of its own and keeps the object in memory until it returns. An error of f is logged.
func (s *State) WaitUntil(ctx context.Context, f func(ctx context.Context) error) {
	guest.WaitUntil(ctx, f)
}

// Abort resets the object: writes not yet confirmed are lost, every caller that waits gets reason as an error with DurableObjectReset,
// and the next call constructs the object anew. An alarm whose handler aborts runs again, unless NoAlarmRetry says otherwise. Abort does
// not return; its goroutine ends, deferred functions run, and what they ask of the object fails.
func (s *State) Abort(ctx context.Context, reason string, options ...AbortOption) {
	flags := AbortOption(0)
	for _, o := range options {
		flags |= o
	}
	var w abi.Writer
	w.Str(reason)
	w.U8(byte(flags))
	if err := guest.Do(ctx, abi.OpReset, w.Bytes()); err != nil {
		panic(err)
	}
	guest.Forsake(ctx, reason)
	runtime.Goexit()
}
