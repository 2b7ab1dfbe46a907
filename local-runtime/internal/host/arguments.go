package host

import "grove.place/lattice/internal/abi"

// arguments are those of an operation. What was left out, or is of another kind, counts as the zero value of what is asked for.
type arguments []abi.Value

func (a arguments) at(i int) abi.Value {
	if i < len(a) {
		return a[i]
	}
	return abi.Undefined{}
}

func (a arguments) text(i int) string       { s, _ := a.at(i).(string); return s }
func (a arguments) int(i int) int64         { n, _ := a.at(i).(int64); return n }
func (a arguments) object(i int) abi.Object { o, _ := a.at(i).(abi.Object); return o }
func (a arguments) list(i int) abi.Array    { l, _ := a.at(i).(abi.Array); return l }
