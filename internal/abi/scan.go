package abi

// Reference is a place in an encoded Value where something is passed by reference.
type Reference struct {
	Tag        byte      // TagStub, TagReadable or TagWritable; TagRequest or TagResponse for the stream of a body
	Start, End int       // offsets in the message: of a stub everything behind the tag, otherwise the number of the stream
	Stub       StubValue // of TagStub
	Stream     uint64    // of the others
	Length     int64     // of a body
	Socket     uint64    // of a Response that has one; such a Reference has no place when the body is no stream
	BadStatus  bool      // of a Response without a Socket: it can have no such status; likewise
}

// IsStatus reports whether a Response without a WebSocket can have a status.
func IsStatus(status uint64) bool { return status >= 200 && status <= 599 }

// Offset is the number of bytes read so far.
func (r *Reader) Offset() int { return r.off }

// Scan steps over a Value, checking it as the method Value does, and passes what it finds by reference to found, in order. It
// allocates nothing for values without references. found may be nil.
func (r *Reader) Scan(found func(Reference)) { r.scan(found, 0) }

// ScanList is Scan for a list of Values; it returns how many there were.
func (r *Reader) ScanList(found func(Reference)) int { return r.scanList(found, 0) }

func (r *Reader) scanList(found func(Reference), depth int) int {
	n := r.Count()
	for i := 0; i < n && r.err == nil; i++ {
		r.scan(found, depth+1)
	}
	return n
}

func (r *Reader) scan(found func(Reference), depth int) {
	if depth > MaxDepth {
		r.Fail("value nests deeper than %d", MaxDepth)
		return
	}
	switch tag := r.U8(); tag {
	case TagUndefined, TagNull, TagFalse, TagTrue:
	case TagInt:
		r.Zigzag()
	case TagFloat, TagDate:
		r.F64()
	case TagString, TagBytes, TagArrayBuffer:
		r.Blob()
	case TagArray, TagSet:
		r.scanList(found, depth)
	case TagObject:
		for n := r.Count(); n > 0 && r.err == nil; n-- {
			r.Blob()
			r.scan(found, depth+1)
		}
	case TagMap:
		for n := r.Count(); n > 0 && r.err == nil; n-- {
			r.scan(found, depth+1)
			r.scan(found, depth+1)
		}
	case TagBigInt:
		r.scanBigInt()
	case TagError:
		r.scanError(found, depth)
	case TagTypedArray:
		kind := r.U8()
		r.checkTypedArray(kind, len(r.Blob()))
	case TagRegExp:
		r.Blob()
		r.Blob()
	case TagStub, TagReadable, TagWritable, TagRequest, TagResponse:
		r.scanReference(tag, found)
	case TagHeaders:
		r.scanHeaders()
	default:
		r.Fail("unknown value tag %d", tag)
	}
}

func (r *Reader) scanBigInt() {
	s := r.Blob()
	if r.err == nil && !isDecimal(s) {
		r.Fail("%.20q is not a decimal integer", s)
	}
}

func (r *Reader) scanError(found func(Reference), depth int) {
	r.Blob()
	r.Blob()
	r.U8()
	r.Blob()
	for n := r.Count(); n > 0 && r.err == nil; n-- {
		r.Blob()
		r.scan(found, depth+1)
	}
}

func (r *Reader) scanHeaders() {
	for n := r.Count(); n > 0 && r.err == nil; n-- {
		r.Blob()
		r.Blob()
	}
}

func (r *Reader) scanReference(tag byte, found func(Reference)) {
	ref := Reference{Tag: tag, Start: r.off, Length: -1}
	switch tag {
	case TagStub:
		ref.Stub = r.stubValue()
		ref.End = r.off
	case TagReadable, TagWritable:
		ref.Stream = r.Uint()
		ref.End = r.off
	case TagRequest:
		r.Blob()
		r.Blob()
		r.scanHeaders()
		r.scanBody(&ref)
		r.Blob()
	case TagResponse:
		status := r.Uint()
		r.Blob()
		r.scanHeaders()
		r.scanBody(&ref)
		ref.Socket = r.Uint()
		ref.BadStatus = ref.Socket == 0 && !IsStatus(status)
	}
	if r.err == nil && found != nil && (ref.End > 0 || ref.Socket != 0 || ref.BadStatus) {
		found(ref)
	}
}

// scanBody fills in ref when the body is a stream.
func (r *Reader) scanBody(ref *Reference) {
	switch mode := r.U8(); mode {
	case BodyNone:
	case BodyInline:
		r.Blob()
	case BodyStream:
		ref.Start = r.off
		ref.Stream = r.Uint()
		ref.End = r.off
		ref.Length = r.length()
	default:
		r.Fail("unknown body mode %d", mode)
	}
}

// Property reads a Value up to the named property, if it is an Object that has one: the property's Value is from start to end of the message.
func (r *Reader) Property(name string) (start, end int, ok bool) {
	if r.U8() != TagObject {
		return 0, 0, false
	}
	for n := r.Count(); n > 0 && r.err == nil; n-- {
		if string(r.Blob()) == name {
			start = r.off
			r.scan(nil, 1)
			return start, r.off, r.err == nil
		}
		r.scan(nil, 1)
	}
	return 0, 0, false
}
