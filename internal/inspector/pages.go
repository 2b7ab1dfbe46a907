package inspector

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	local "grove.place/lattice/local-runtime"
)

// workerView is a Worker of the overview.
type workerView struct {
	Worker
	Building bool
	Classes  []string
	Stores   []storeView
	Isolates []local.Isolate
	Memory   int64
	Objects  int // in memory
	Events   int // that have not ended
}

func (i *Inspector) overview(w http.ResponseWriter, r *http.Request) {
	var data struct {
		Workers []workerView
		Rows    []row
	}
	for _, one := range i.o.Workers() {
		v := workerView{Worker: one, Building: one.Down == "building"}
		if one.Down == "" {
			if err := i.with(r, one.Name, func(h *local.Host) error {
				v.Classes, v.Isolates, v.Stores = h.Classes(), h.Isolates(), storesOf(h)
				return nil
			}); err != nil {
				v.Down = err.Error()
			}
		}
		for _, s := range v.Isolates {
			v.Memory += s.Memory
			v.Objects += s.Objects
			v.Events += s.Events
		}
		data.Workers = append(data.Workers, v)
	}
	data.Rows = rowsOf(i.o.Record.Events(), func(local.Event) bool { return true }, 20)
	i.render(w, r, "overview", "Overview", "requests state", data)
}

const maxListed = 200

func (i *Inspector) requests(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	worker, object, text := q.Get("worker"), q.Get("object"), q.Get("q")
	failed := q.Get("failed") != ""
	rows := rowsOf(i.o.Record.Events(), func(e local.Event) bool {
		return (worker == "" || e.Worker == worker) && (object == "" || e.ID == object || e.Object == object) &&
			(text == "" || strings.Contains(e.Name, text)) && (!failed || e.Failed != "" || e.Status >= 500)
	}, maxListed)
	i.render(w, r, "requests", "Requests", "requests", map[string]any{"Rows": rows, "Worker": worker, "Object": object, "Q": text, "Failed": failed})
}

// logView is a record of the log as the page shows it.
type logView struct {
	LogRecord
	ID    string // of the object
	Label string // its name, if that is known
}

func (i *Inspector) logs(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	worker, object, text, level := q.Get("worker"), q.Get("object"), q.Get("q"), q.Get("level")
	least := slog.LevelInfo
	if level != "" {
		least = levelOf(level)
	}
	ids := i.idsOf(r, object)
	names := i.names(r)
	var records []logView
	fit := 0
	limit := maxListed
	if q.Get("all") != "" {
		limit = maxRecords
	}
	for _, one := range i.o.Record.Logs() {
		if one.Level < least || worker != "" && one.Worker != worker || text != "" && !strings.Contains(one.Text, text) && one.Class != text {
			continue
		}
		if object != "" && !ids[one.Object] && !strings.HasPrefix(one.Object, object) && !strings.Contains(one.Text, object) {
			continue
		}
		if fit++; fit > limit {
			continue
		}
		v := logView{LogRecord: one, ID: one.Object}
		if one.Class != "" {
			v.Label = names(one.Worker, one.Class, one.Object)
		}
		records = append(records, v)
	}
	i.render(w, r, "logs", "Logs", "logs", map[string]any{
		"Records": records, "Fit": fit, "Worker": worker, "Object": object, "Q": text, "Level": least.String(), "Levels": []string{"DEBUG", "INFO", "WARN", "ERROR"},
	})
}

// idsOf are the ids that objects of that name have, in whichever class.
func (i *Inspector) idsOf(r *http.Request, name string) map[string]bool {
	ids := map[string]bool{}
	if name == "" {
		return ids
	}
	i.eachRunning(r, func(h *local.Host) {
		for _, class := range h.Classes() {
			if id, err := h.ObjectID(class, name); err == nil {
				ids[id] = true
			}
		}
	})
	return ids
}

// names returns a function that names an object of a Worker, "" being any.
func (i *Inspector) names(r *http.Request) func(worker, class, id string) string {
	type object struct{ worker, class, id string }
	known := map[object]string{}
	return func(worker, class, id string) string {
		name, ok := known[object{worker, class, id}]
		if ok {
			return name
		}
		name = short(id)
		i.eachRunning(r, func(h *local.Host) {
			if worker != "" && h.Name() != worker || !slices.Contains(h.Classes(), class) {
				return
			}
			if o, found, err := h.Object(class, id); err == nil && found {
				name = ObjectSummary{ID: o.ID, Name: o.Name}.Label()
			}
		})
		known[object{worker, class, id}] = name
		return name
	}
}

// eachRunning calls f with the host of each Worker that runs now.
func (i *Inspector) eachRunning(r *http.Request, f func(*local.Host)) {
	for _, one := range i.o.Workers() {
		if one.Down == "" {
			_ = i.with(r, one.Name, func(h *local.Host) error { f(h); return nil })
		}
	}
}

// alarmView is an alarm with its Worker.
type alarmView struct {
	local.Alarm
	Worker string
}

// Label is how a person knows the object.
func (a alarmView) Label() string { return ObjectSummary{ID: a.ID, Name: a.Name}.Label() }

func (i *Inspector) alarms(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	chosen, text, from := q.Get("worker"), q.Get("q"), max(0, numberOf(q.Get("from")))
	var list []alarmView
	problems := i.withAll(r, chosen, func(worker string, h *local.Host) error {
		for _, a := range h.Alarms() {
			if text == "" || strings.Contains(a.Name, text) || strings.HasPrefix(a.ID, text) || a.Class == text {
				list = append(list, alarmView{a, worker})
			}
		}
		return nil
	})
	total, next := len(list), 0
	list = list[min(from, total):]
	if len(list) > pageObjects {
		list, next = list[:pageObjects], from+pageObjects
	}
	i.render(w, r, "alarms", "Alarms", "requests state", map[string]any{"Alarms": list, "Total": total, "Next": next, "From": from, "Worker": chosen, "Q": text, "Problems": problems})
}

// queueView is a queue, with its first messages when it is chosen.
type queueView struct {
	local.Queue
	Worker   string
	Open     bool
	Peeked   []local.Message
	Problem  string
	IsLetter bool
}

// From lists the queues whose dead letters come here.
func (q queueView) From() string { return strings.Join(q.LettersOf, ", ") }

const peeked = 50

func (i *Inspector) queues(w http.ResponseWriter, r *http.Request) {
	chosen := r.URL.Query().Get("queue")
	var list []queueView
	seen := map[string]bool{}
	problems := i.withAll(r, "", func(worker string, h *local.Host) error {
		queues, err := h.Queues()
		for _, q := range queues {
			if seen[q.Name] {
				continue
			}
			seen[q.Name] = true
			v := queueView{Queue: q, Worker: worker, Open: q.Name == chosen, IsLetter: len(q.LettersOf) > 0}
			if v.Open {
				if v.Peeked, err = h.Peek(q.Name, peeked); err != nil {
					v.Problem = err.Error()
				}
			}
			list = append(list, v)
		}
		return err
	})
	i.render(w, r, "queues", "Queues", "requests state", map[string]any{"Queues": list, "Problems": problems})
}

func (i *Inspector) cron(w http.ResponseWriter, r *http.Request) {
	var runs []local.Event
	for _, e := range i.o.Record.Events() {
		if e.Kind == "scheduled" && len(runs) < 20 {
			runs = append(runs, e)
		}
	}
	i.render(w, r, "cron", "Cron", "requests state", runs)
}

// clockView is the clock of the Workers.
type clockView struct {
	Now    time.Time
	Frozen bool
	Ahead  string // of the machine's clock; "": it is not
}

func (i *Inspector) clockView() clockView {
	v := clockView{Now: i.o.Clock.Now()}
	var ahead time.Duration
	if v.Frozen, ahead = i.o.Clock.Frozen(); ahead.Abs() >= time.Second {
		v.Ahead = ahead.Abs().Round(time.Second).String() + " ahead of"
		if ahead < 0 {
			v.Ahead = ahead.Abs().Round(time.Second).String() + " behind"
		}
	}
	return v
}

func (i *Inspector) clock(w http.ResponseWriter, r *http.Request) {
	i.render(w, r, "clock", "Clock", "state", nil)
}
