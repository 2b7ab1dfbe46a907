package host

import (
	"errors"
	"slices"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// maxMessage is the size of RPC arguments or results beyond which they are refused.
const maxMessage = 32 << 20

func tooLarge(n int) *abi.Error {
	return abi.Errorf("Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: %d bytes.", n)
}

func asError(err error) *abi.Error {
	var e *abi.Error
	if errors.As(err, &e) {
		return e
	}
	return abi.Errorf("%s", err)
}

func failure(err error) []byte { return isolate.Failure(asError(err)) }

// remote marks an error as one from the object that was called.
func remote(e *abi.Error) *abi.Error {
	out := *e
	out.Remote = true
	return &out
}

// thrownBy marks an error as thrown by a method of an object, for its caller. The outermost object is the one that is
// named. Failures of fetch do not name their object.
func thrownBy(e *abi.Error, k key) *abi.Error {
	out := *remote(e)
	out.Props = slices.DeleteFunc(slices.Clone(e.Props), func(p abi.Field) bool { return p.Name == "durableObjectId" })
	out.Props = append(out.Props, abi.Field{Name: "durableObjectId", Value: k.root()})
	return &out
}

// withoutReferences drops the properties of an error that pass something by reference, as JavaScript's serialization of errors does.
func withoutReferences(e *abi.Error) *abi.Error {
	e.Props = slices.DeleteFunc(e.Props, func(p abi.Field) bool {
		var w abi.Writer
		w.Value(p.Value)
		found := false
		abi.NewReader(w.Bytes()).Scan(func(abi.Reference) { found = true })
		return found
	})
	return e
}
