package inspector

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	local "grove.place/lattice/local-runtime"
)

const (
	controlPath = "/control/"
	// ControlFile is the name of the file, in the storage folder, that says where the control API is and has its token.
	ControlFile = "control.json"
)

// Control is the contents of the ControlFile. Only its user can read it.
type Control struct {
	URL     string `json:"url"`
	Token   string `json:"token"`
	Process int    `json:"process"`
}

// WriteControl writes the ControlFile into a storage folder. The returned function removes it.
func (i *Inspector) WriteControl(dir string) (remove func(), err error) {
	text, err := json.Marshal(Control{URL: i.URL(), Token: i.token, Process: os.Getpid()})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, ControlFile)
	os.Remove(path) // that of a server that was killed may have another mode
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return nil, err
	}
	return func() { os.Remove(path) }, nil
}

// Request is a call of the control API.
type Request struct {
	Worker string `json:"worker,omitempty"`
	Class  string `json:"class,omitempty"`
	Object string `json:"object,omitempty"` // name or id
	From   string `json:"from,omitempty"`   // the first key
	SQL    string `json:"sql,omitempty"`
	Write  bool   `json:"write,omitempty"` // SQL may write

	Queues []string      `json:"queues,omitempty"` // names of those to count
	Wait   time.Duration `json:"wait,omitempty"`   // for a Worker that is being built
}

// Answer is its answer. A field is there when the call has it.
type Answer struct {
	Objects []ObjectSummary `json:"objects,omitempty"`
	Object  *Object         `json:"object,omitempty"`
	Result  *local.Result   `json:"result,omitempty"`
	Done    bool            `json:"done,omitempty"`   // evict, delete, run-alarm: there was something to do
	Error   string          `json:"error,omitempty"`  // why it failed
	Writes  bool            `json:"writes,omitempty"` // SQL would write, and may not
	Queues  []local.Queue   `json:"queues,omitempty"`
}

// Perform does what the control API does, by its name, on a host.
func Perform(h *local.Host, name string, q Request) (a Answer) {
	err := perform(h, name, q, &a)
	if a.Writes = errors.Is(err, local.ErrReadOnly); err != nil {
		a.Error = err.Error()
	}
	return a
}

func perform(h *local.Host, name string, q Request, a *Answer) (err error) {
	if name != "list" {
		if err := exists(h, q.Class, q.Object); err != nil {
			return err
		}
	}
	switch name {
	case "list":
		a.Objects, err = List(h, q.Class)
	case "inspect":
		var o Object
		if o, err = Inspect(h, q.Class, q.Object, q.From); err == nil {
			a.Object = &o
		}
	case "sql":
		var r local.Result
		if r, err = Run(h, q.Class, q.Object, q.SQL, q.Write); err == nil {
			a.Result = &r
		}
	case "run-alarm":
		if a.Done, err = h.RunAlarm(q.Class, q.Object); err != nil {
			err = fmt.Errorf("the alarm of %s %q failed: %w", q.Class, q.Object, err)
		}
	case "evict":
		a.Done, err = h.Evict(q.Class, q.Object)
	case "delete":
		a.Done, err = h.Delete(q.Class, q.Object)
	default:
		err = errors.New("the control API has no call " + name + ": the command and the server are of different versions")
	}
	return err
}

func (i *Inspector) control(mux *http.ServeMux) {
	mux.HandleFunc("POST "+controlPath+"hello", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("POST "+controlPath+"stores", i.openStores)
	mux.HandleFunc("POST "+controlPath+"queues", i.countQueues)
	mux.HandleFunc("POST "+controlPath+"{name}", func(w http.ResponseWriter, r *http.Request) {
		var q Request
		var a Answer
		err := json.NewDecoder(r.Body).Decode(&q)
		if err == nil {
			err = i.performOn(r, r.PathValue("name"), q, &a)
		}
		if err != nil {
			a.Error = err.Error()
		}
		i.live.changed("state")
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(a)
	})
}

// performOn performs a call on the Worker that it names, or else on the one that has the class; a list without a Worker has those of all.
func (i *Inspector) performOn(r *http.Request, name string, q Request, a *Answer) error {
	var problems error
	var names []string
	for _, w := range i.o.Workers() {
		names = append(names, w.Name)
	}
	if q.Worker != "" && !slices.Contains(names, q.Worker) {
		return fmt.Errorf("there is no Worker %q here: there are %s", q.Worker, strings.Join(names, ", "))
	}
	for _, w := range i.o.Workers() {
		if q.Worker != "" && w.Name != q.Worker {
			continue
		}
		found := false
		err := i.with(r, w.Name, func(h *local.Host) error {
			if q.Class != "" && !slices.Contains(h.Classes(), q.Class) && len(i.o.Workers()) > 1 {
				return nil
			}
			found = true
			one := Perform(h, name, q)
			one.Objects = append(a.Objects, one.Objects...)
			*a = one
			return nil
		})
		if err != nil {
			problems = errors.Join(problems, err)
		}
		if found && name != "list" {
			return nil
		}
	}
	if problems == nil && name != "list" {
		return errors.New("no Worker that runs has the Durable Object class " + q.Class)
	}
	return problems
}
