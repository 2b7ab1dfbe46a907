package ambient

import (
	"context"
	"errors"
	"fmt"

	"grove.place/lattice/internal/guest"
)

// rejected is a failed operation, with the text that github.com/syumai/workers gives it.
type rejected struct {
	text  string
	cause error
}

func (e *rejected) Error() string { return e.text }
func (e *rejected) Unwrap() error { return e.cause }

// Rejected gives the error of an operation the text that it has in github.com/syumai/workers: that of the JavaScript error, after "failed on promise". It
// wraps err. Errors that did not come from the runtime stay as they are.
func Rejected(err error) error {
	var e *guest.Error
	if !errors.As(err, &e) {
		return err
	}
	return &rejected{"failed on promise: " + e.Name + ": " + e.Message, err}
}

// Bound reports whether there is a binding of that name, whatever its kind, with the error that github.com/syumai/workers has for one that is absent.
func Bound(name string) error {
	ctx, err := Context()
	if err != nil {
		return err
	}
	env, err := guest.Env(ctx)
	if err != nil {
		return err
	}
	if _, ok := env[name]; !ok {
		return fmt.Errorf("%s is undefined", name)
	}
	return nil
}

// Env returns the bindings of the Worker. Like Must it panics where there is no event.
func Env() map[string]guest.Binding {
	env, err := guest.Env(Must())
	if err != nil {
		panic(err)
	}
	return env
}

// Do runs an operation in the event of the goroutine.
func Do(f func(ctx context.Context) error) error {
	ctx, err := Context()
	if err != nil {
		return err
	}
	return Rejected(f(ctx))
}
