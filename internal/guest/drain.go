package guest

import "io"

// drain copies what is written to a WritableStream that the guest has handed out into w, and closes w at the end.
func drain(from *readStream, w io.Writer) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, failed := w.Write(buf[:n]); failed != nil {
				from.cancel(failed.Error())
				closeWith(w, failed)
				return
			}
		}
		if err == io.EOF {
			closeWith(w, nil)
			return
		}
		if err != nil {
			closeWith(w, err)
			return
		}
	}
}

// closeWith closes w, and tells it why if it can be told, as an io.PipeWriter can.
func closeWith(w io.Writer, err error) {
	if to, ok := w.(interface{ CloseWithError(error) error }); ok && err != nil {
		_ = to.CloseWithError(err)
	} else if to, ok := w.(io.Closer); ok {
		_ = to.Close()
	}
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
