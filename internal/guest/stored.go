package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"grove.place/lattice/internal/abi"
)

// R2 calls a method of a bucket. body may be nil; the reader of the answer is nil when it has no body.
func R2(ctx context.Context, binding, method string, args abi.Array, content io.Reader) (abi.Value, io.ReadCloser, error) {
	return stored(ctx, abi.OpR2, binding, method, args, content, false)
}

// KV calls a method of a KV namespace, as R2 does of a bucket. Content of unknown length is streamed.
func KV(ctx context.Context, binding, method string, args abi.Array, content io.Reader) (abi.Value, io.ReadCloser, error) {
	return stored(ctx, abi.OpWorkersKV, binding, method, args, content, true)
}

// stored calls a method of a binding that keeps content. With streams, content of unknown length need not be in memory.
func stored(ctx context.Context, op uint32, binding, method string, args abi.Array, content io.Reader, streams bool) (abi.Value, io.ReadCloser, error) {
	var w abi.Writer
	w.Str(binding)
	w.Str(method)
	w.Values(args)
	stream, err := writeContent(ctx, &w, content, streams)
	if err != nil {
		return nil, nil, err
	}
	r, err := invokeWith(ctx, op, w.Bytes(), stream, io.NopCloser(content))
	if err != nil {
		return nil, nil, err
	}
	result, answer := r.Value(), r.Body()
	if r.Err() != nil {
		return nil, nil, r.Err()
	}
	if _, none := result.(abi.Undefined); none {
		result = nil
	}
	if answer.Mode == abi.BodyNone {
		return result, nil, nil
	}
	read, _ := body(ctx, answer)
	return result, read, nil
}

// maxHeld is how much content of unknown length is held. It is there twice, and a buffer that grew to it, in an instance that has 128 MB.
const maxHeld = 30 << 20

var errHeld = errors.New("the content says not how long it is, and is more than the 30 MB that are held in memory then: give it a Len method, or upload it in parts")

// writeContent appends a Body of content: inline when it is small or, without streams, when nobody knows how long it is; otherwise a stream that the caller pumps.
func writeContent(ctx context.Context, w *abi.Writer, content io.Reader, streams bool) (*writeStream, error) {
	if content == nil {
		w.Body(abi.Body{Mode: abi.BodyNone})
		return nil, nil
	}
	sized, ok := content.(interface{ Len() int })
	length := int64(-1)
	if ok {
		length = int64(sized.Len())
	}
	if length > abi.InlineBody || !ok && streams {
		s := newWriteStream(ctx)
		w.Body(abi.Body{Mode: abi.BodyStream, Stream: s.id, Length: length})
		return s, nil
	}
	var all bytes.Buffer
	if _, err := all.ReadFrom(io.LimitReader(content, maxHeld+1)); err != nil {
		return nil, fmt.Errorf("read the content: %w", err)
	}
	if all.Len() > maxHeld {
		return nil, errHeld
	}
	if ok && int64(all.Len()) != length {
		return nil, fmt.Errorf("the content has %d bytes, and said %d", all.Len(), length)
	}
	w.Body(abi.Body{Mode: abi.BodyInline, Inline: all.Bytes()})
	return nil, nil
}
