package guest

import (
	"context"
	"io"
)

// drain copies what is written to a WritableStream that the guest has handed out into w, and closes w at the end. When w fails or panics, so does
// the writing.
func drain(from *readStream, w io.Writer) {
	failed := Guard(from.ctx, "writer", func() error {
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			if n > 0 {
				if _, err := w.Write(buf[:n]); err != nil {
					return err
				}
			}
			if err != nil {
				return nil
			}
		}
	})
	err := from.err
	if failed != nil {
		err = failed
		_ = from.cancel(failed)
	}
	if err == io.EOF {
		err = nil
	}
	_ = Guard(context.WithoutCancel(from.ctx), "writer", func() error { return closeWith(w, err) })
}

// closeWith closes w, and tells it why if it can be told, as an io.PipeWriter can.
func closeWith(w io.Writer, err error) error {
	if to, ok := w.(interface{ CloseWithError(error) error }); ok && err != nil {
		return to.CloseWithError(err)
	}
	if to, ok := w.(io.Closer); ok {
		return to.Close()
	}
	return nil
}

// closer makes an io.WriteCloser of any writer.
func closer(w io.Writer) io.WriteCloser {
	if c, ok := w.(io.WriteCloser); ok {
		return c
	}
	return unclosed{w}
}

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
