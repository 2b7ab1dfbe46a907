package codec

import (
	"errors"
	"strconv"
	"strings"
)

// Where in a value something failed is put together on the way back, so that values without a failure cost nothing.

func element(i int) string { return "[" + strconv.Itoa(i) + "]" }

// longestPlace bounds a path: that of a cycle has hundreds of steps.
const longestPlace = 120

// place puts name before the rest of a path.
func place(name, rest string) string {
	if len(rest) > longestPlace {
		rest = strings.ToValidUTF8(rest[:longestPlace-20], "") + "…"
	}
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
