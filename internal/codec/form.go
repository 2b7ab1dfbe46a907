package codec

import (
	"io"
	"math/big"
	"net/http"
	"reflect"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
)

// form is which structured form the values of a Go type have.
type form uint8

const (
	formOfKind    form = iota // that of the kind: a number, a string, a list, an object …
	formTime                  // Date
	formBigInt                // BigInt
	formABI                   // a value of package abi, which is its own form
	formError                 // Error
	formSpecial               // a type of this package: Map, Set, typed arrays …
	formReference             // passed by reference: functions, stubs, streams, requests …
	formHeader                // http.Header: Headers over RPC, an object in storage
	formInterface             // that of the value inside
)

var (
	timeType      = reflect.TypeFor[time.Time]()
	bigIntType    = reflect.TypeFor[big.Int]()
	bytesType     = reflect.TypeFor[[]byte]()
	errorType     = reflect.TypeFor[error]()
	readerType    = reflect.TypeFor[io.Reader]()
	writerType    = reflect.TypeFor[io.Writer]()
	headerType    = reflect.TypeFor[http.Header]()
	requestType   = reflect.TypeFor[*http.Request]()
	responseType  = reflect.TypeFor[*http.Response]()
	referenceType = reflect.TypeFor[Reference]()
	referrerType  = reflect.TypeFor[Referrer]()
	specialType   = reflect.TypeFor[special]()
	abiPath       = reflect.TypeFor[abi.Undefined]().PkgPath()
)

var forms sync.Map // reflect.Type → form, of types that are not formOfKind at a glance

// formOf classifies a type. Types without methods, most of all, have the form of their kind.
func formOf(t reflect.Type) form {
	switch t.Kind() {
	case reflect.Interface:
		return formInterface
	case reflect.Pointer, reflect.Func:
	default:
		if t.PkgPath() == "" {
			return formOfKind
		}
	}
	if f, ok := forms.Load(t); ok {
		return f.(form)
	}
	f := classify(t)
	forms.Store(t, f)
	return f
}

func classify(t reflect.Type) form {
	switch {
	case t == timeType:
		return formTime
	case t == bigIntType:
		return formBigInt
	case t == headerType:
		return formHeader
	case t.PkgPath() == abiPath:
		return formABI
	case t.Kind() == reflect.Pointer && (t.Elem() == timeType || t.Elem() == bigIntType):
		return formOfKind
	case t.Implements(specialType) && t.Kind() != reflect.Pointer:
		return formSpecial
	case t.Implements(errorType):
		return formError
	case t == requestType, t == responseType, isReference(t), t.Implements(readerType), t.Implements(writerType):
		return formReference
	}
	return formOfKind
}

// isReference tells types of references from pointers to them.
func isReference(t reflect.Type) bool {
	return t.Implements(referenceType) && (t.Kind() != reflect.Pointer || !t.Elem().Implements(referenceType))
}

// Writer marks an io.Writer that would be taken for a reader because it is both.
type Writer struct{ io.Writer }

// declaredWriter tells interfaces that are written to only, whatever is in them.
func declaredWriter(t reflect.Type) bool {
	return t.NumMethod() > 0 && t.Implements(writerType) && !t.Implements(readerType)
}

// Reference is implemented by the types of package rpc that stand for what is passed by reference. MarshalRPC returns the *guest.Stub
// behind it, or nil.
type Reference interface{ MarshalRPC() any }

// Referrer is implemented by pointers to such types.
type Referrer interface{ UnmarshalRPC(stub any) error }

// References passes things by reference, in the frame of one event. Where only data can stand, as in storage, there are none.
type References interface {
	// Refer returns the ABI's value for a Reference, stream, request, response or header.
	Refer(v any) (abi.Value, error)
	// Resolve returns Go's form of the ABI's value.
	Resolve(v abi.Value) (any, error)
}
