package codec

import (
	"errors"
	"strconv"
	"strings"
)

// Where in a value something failed is put together on the way back, so that values without a failure cost nothing.

func element(i int) string { return "[" + strconv.Itoa(i) + "]" }

// place puts name before the rest of a path.
func place(name, rest string) string {
	if rest == "" || strings.HasPrefix(rest, "[") {
		return name + rest
	}
	return name + "." + rest
}

// inside adds name to the place that an encoding error names.
func inside(err error, name string) error {
	var e *UnsupportedError
	if errors.As(err, &e) {
		e.Path = place(name, e.Path)
	}
	return err
}
