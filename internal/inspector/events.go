package inspector

import local "grove.place/lattice/local-runtime"

// row is an event that came from outside, and those that it caused.
type row struct {
	local.Event
	Calls []call
	More  int // calls that are left out
}

// maxCalls is how many calls of an event a page shows.
const maxCalls = 20

// call is an event that another caused.
type call struct {
	local.Event
	Depth int
}

// where names the object of an event.
func where(e local.Event) string {
	switch {
	case e.Class == "":
		return e.Worker
	case e.Object != "":
		return e.Class + " " + e.Object
	}
	return e.Class + " " + short(e.ID)
}

// Where names the object that the event ran in.
func (c call) Where() string { return where(c.Event) }

// Where names the object that the event ran in.
func (r row) Where() string { return where(r.Event) }

// rowsOf orders events under those that caused them, the newest first.
func rowsOf(events []local.Event, keep func(local.Event) bool, limit int) (rows []row) {
	caused, there := map[uint64][]local.Event{}, map[uint64]bool{}
	for _, e := range events {
		there[e.Number] = true
	}
	for n := len(events) - 1; n >= 0; n-- { // the oldest first
		caused[events[n].Cause] = append(caused[events[n].Cause], events[n])
	}
	for _, e := range events {
		if e.Cause != 0 && there[e.Cause] {
			continue
		}
		one := row{Event: e}
		one.follow(e.Number, 1, caused)
		if one.any(keep) {
			if one.More = max(0, len(one.Calls)-maxCalls); one.More > 0 {
				one.Calls = one.Calls[:maxCalls]
			}
			rows = append(rows, one)
		}
		if len(rows) == limit {
			break
		}
	}
	return rows
}

func (r *row) follow(number uint64, depth int, caused map[uint64][]local.Event) {
	for _, e := range caused[number] {
		r.Calls = append(r.Calls, call{e, depth})
		r.follow(e.Number, depth+1, caused)
	}
}

func (r *row) any(keep func(local.Event) bool) bool {
	if keep(r.Event) {
		return true
	}
	for _, c := range r.Calls {
		if keep(c.Event) {
			return true
		}
	}
	return false
}
