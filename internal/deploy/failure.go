package deploy

import (
	"fmt"
	"strings"
)

// Failure is a deployment of which a part is done.
type Failure struct {
	Worker string
	Done   []string
	Failed []error
	Next   string // the command that goes on
}

// Error says what is live, what is not, and what to do.
func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is deployed in part\n", f.Worker)
	for _, d := range f.Done {
		fmt.Fprintf(&b, "  done:   %s\n", d)
	}
	for _, e := range f.Failed {
		fmt.Fprintf(&b, "  failed: %s\n", strings.ReplaceAll(e.Error(), "\n", "\n          "))
	}
	fmt.Fprintf(&b, "Mend what failed, then run: %s", f.Next)
	return b.String()
}

// Unwrap returns what failed.
func (f *Failure) Unwrap() []error { return f.Failed }
