package host

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
	"grove.place/lattice/local-runtime/internal/stream"
)

// opRateLimit is rateLimit(binding, key, delta).
func (p *program) opRateLimit(a arguments, _ *js.Body, done answerTo) {
	var w abi.Writer
	w.Str(a.text(0))
	w.Str(a.text(1))
	w.F64(numberOf(a.at(2)))
	finish := func(result []byte) { answered(result, func(r *abi.Reader) abi.Value { return r.Bool() }, done) }
	if refused := p.host.rateLimit(abi.NewReader(w.Bytes()), finish); refused != nil {
		finish(refused)
	}
}

// dataPointOf is dataPoint(binding, point), which ends at once.
func dataPointOf(p *program, a arguments) (abi.Value, error) {
	var w abi.Writer
	w.Str(a.text(0))
	w.Value(a.at(1))
	write, err := p.host.dataPoint(abi.NewReader(w.Bytes()))
	if err == nil {
		p.output(write, nil)
	}
	return nil, err
}

// sourceOf is the content of an operation as a reader.
func sourceOf(body *js.Body) io.Reader {
	if r := contentOf(body).reader(); r != nil {
		return r
	}
	return errReader{io.EOF}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// opCompress is compress(format): its content comes back compressed, as it comes.
func (p *program) opCompress(a arguments, body *js.Body, done answerTo) {
	out, in := io.Pipe()
	var z io.WriteCloser
	switch a.text(0) {
	case "gzip":
		z = gzip.NewWriter(in)
	case "deflate":
		z = zlib.NewWriter(in)
	default:
		z, _ = flate.NewWriter(in, flate.DefaultCompression)
	}
	from := sourceOf(body)
	p.host.work.run(func() {
		_, err := io.Copy(z, from)
		in.CloseWithError(errors.Join(err, z.Close()))
	})
	done(nil, &js.Body{Source: stream.FromReader(out), Length: -1}, nil)
}

// opDecompress is decompress(format).
func (p *program) opDecompress(a arguments, body *js.Body, done answerTo) {
	out, in := io.Pipe()
	from := sourceOf(body)
	p.host.work.run(func() {
		in.CloseWithError(inflate(a.text(0), in, from))
	})
	done(nil, &js.Body{Source: stream.FromReader(out), Length: -1}, nil)
}

var errInflate = abi.TypeErrorf("Decompression failed.")

func inflate(format string, to io.Writer, from io.Reader) error {
	var z io.Reader
	var err error
	switch format {
	case "gzip":
		z, err = gzip.NewReader(from)
	case "deflate":
		z, err = zlib.NewReader(from)
	default:
		z = flate.NewReader(from)
	}
	if err == nil {
		_, err = io.Copy(to, z)
	}
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return errInflate
	}
	return err
}
