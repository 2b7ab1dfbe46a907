package codec

import (
	"reflect"

	"grove.place/lattice/internal/abi"
)

// TypeScript returns the name of the TypeScript type that t has, when that is none of its kind, and its parameters.
func TypeScript(t reflect.Type) (name string, parameters []reflect.Type) {
	switch {
	case t == headerType:
		return "Headers", nil
	case t == requestType:
		return "Request", nil
	case t == responseType:
		return "Response", nil
	case t == errorType || t.Implements(errorType):
		return "Error", nil
	case t.Kind() == reflect.Pointer && isReference(t):
		return "any", nil
	case t.Implements(readerType):
		return "ReadableStream", nil
	case t.Implements(writerType):
		return "WritableStream", nil
	case t.Implements(specialType) && t.Kind() != reflect.Pointer:
		return specialName(t)
	}
	return "", nil
}

func specialName(t reflect.Type) (string, []reflect.Type) {
	tag, kind := reflect.Zero(t).Interface().(special).form()
	switch tag {
	case abi.TagMap:
		return "Map", []reflect.Type{t.Elem().Field(0).Type, t.Elem().Field(1).Type}
	case abi.TagSet:
		return "Set", []reflect.Type{t.Elem()}
	case abi.TagTypedArray:
		return arrayTypes[kind].Name(), nil
	case abi.TagRegExp:
		return "RegExp", nil
	}
	return "ArrayBuffer", nil
}
