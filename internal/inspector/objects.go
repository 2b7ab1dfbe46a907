package inspector

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	local "grove.place/lattice/local-runtime"
)

const (
	pageRows    = 50
	pageObjects = 100
)

// ObjectSummary is an object of a list.
type ObjectSummary struct {
	Worker string `json:"worker"`
	Class  string `json:"class"`
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"` // if it is known
	Live   bool   `json:"inMemory"`
}

// List lists the objects of a class of a Worker, or of all its classes.
func List(h *local.Host, class string) (list []ObjectSummary, err error) {
	classes := []string{class}
	if class == "" {
		classes = h.Classes()
	}
	list = []ObjectSummary{}
	for _, class := range classes {
		objects, err := h.Objects(class)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			list = append(list, ObjectSummary{h.Name(), class, o.ID, o.Name, o.Live})
		}
	}
	return list, nil
}

// Object is what there is to say of an object.
type Object struct {
	ObjectSummary
	Alarm   *time.Time    `json:"alarm,omitempty"`
	Tables  []local.Table `json:"tables"`
	Keys    []local.Entry `json:"keys"`              // the first of them
	Next    string        `json:"nextKey,omitempty"` // the key after them
	Sockets []Socket      `json:"sockets"`
}

// Socket is an open WebSocket that an object accepted to hibernate.
type Socket struct {
	Number     uint64   `json:"number"`
	Tags       []string `json:"tags"`
	State      string   `json:"state"`
	Attachment any      `json:"attachment,omitempty"`
}

// Inspect says what an object has stored, from a key on.
func Inspect(h *local.Host, class, object, from string) (o Object, err error) {
	id, err := h.ObjectID(class, object)
	if err != nil {
		return o, err
	}
	o.ObjectSummary = ObjectSummary{Worker: h.Name(), Class: class, ID: id}
	all, err := h.Objects(class)
	found := false
	for _, one := range all {
		if one.ID == id {
			o.Name, o.Live, found = one.Name, one.Live, true
		}
	}
	if err == nil && !found {
		return o, errors.New("there is no object " + strconv.Quote(object) + " of the class " + class + ": it is not in memory, and has nothing stored; `lattice objects list` lists those that there are")
	}
	store := h.Storage(class, id)
	at, set, failed := store.Alarm()
	if set {
		o.Alarm = &at
	}
	err = errors.Join(err, failed)
	o.Tables, failed = store.Tables()
	err = errors.Join(err, failed)
	o.Keys, o.Next, failed = store.Page(from, pageRows)
	for n := range o.Keys {
		o.Keys[n].Value = plain(o.Keys[n].Value)
	}
	err = errors.Join(err, failed)
	sockets, failed := h.Sockets(class, id)
	o.Sockets = []Socket{}
	for _, s := range sockets {
		o.Sockets = append(o.Sockets, Socket{s.Number, s.Tags, map[bool]string{true: "open", false: "closing"}[s.ReadyState == 1], plain(local.Attachment(s))})
	}
	return o, errors.Join(err, failed)
}

func (i *Inspector) objects(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	chosen, class, text := q.Get("worker"), q.Get("class"), q.Get("q")
	from, _ := strconv.Atoi(q.Get("from"))
	type group struct {
		Worker, Class string
		Objects       []ObjectSummary
		Total         int
		Next          int
	}
	var groups []group
	var problems []string
	for _, one := range i.o.Workers() {
		if chosen != "" && one.Name != chosen {
			continue
		}
		if err := i.with(r, one.Name, func(h *local.Host) error {
			for _, name := range h.Classes() {
				if class != "" && name != class {
					continue
				}
				list, err := List(h, name)
				if err != nil {
					return err
				}
				if text != "" {
					list = keep(list, func(o ObjectSummary) bool { return strings.Contains(o.Name, text) || strings.HasPrefix(o.ID, text) })
				}
				g := group{Worker: one.Name, Class: name, Total: len(list), Objects: list[min(max(from, 0), len(list)):]}
				if len(g.Objects) > pageObjects {
					g.Objects, g.Next = g.Objects[:pageObjects], from+pageObjects
				}
				groups = append(groups, g)
			}
			return nil
		}); err != nil {
			problems = append(problems, err.Error())
		}
	}
	i.render(w, r, "objects", "Objects", "requests state", map[string]any{"Groups": groups, "Problems": problems, "Q": text, "Worker": chosen, "Class": class})
}

func keep[T any](list []T, f func(T) bool) (kept []T) {
	for _, v := range list {
		if f(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

// objectView is the page of an object.
type objectView struct {
	Object
	From    string // the first key that is shown
	Table   string // that is shown
	Offset  int
	Rows    local.Result
	Total   int
	Earlier int // offsets; -1: none
	Later   int
	SQL     string
	Result  *local.Result
	Problem string
	Writes  bool // SQL wants to write
}

// viewOf collects what the page of an object shows.
func viewOf(h *local.Host, class, id, from, table string, offset int) (v objectView, err error) {
	v.From, v.Table, v.Offset, v.Earlier, v.Later = from, table, max(offset, 0), -1, -1
	if v.Object, err = Inspect(h, class, id, from); err != nil || table == "" {
		return v, err
	}
	if v.Rows, err = h.Storage(class, id).Rows(table, v.Offset, pageRows); err != nil {
		return v, err
	}
	for _, t := range v.Tables {
		if t.Name == table {
			v.Total = t.Rows
		}
	}
	if v.Offset > 0 {
		v.Earlier = max(0, v.Offset-pageRows)
	}
	if v.Offset+pageRows < v.Total {
		v.Later = v.Offset + pageRows
	}
	return v, nil
}

func (i *Inspector) object(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	offset, _ := strconv.Atoi(q.Get("offset"))
	var v objectView
	err := i.with(r, q.Get("worker"), func(h *local.Host) (err error) {
		v, err = viewOf(h, q.Get("class"), q.Get("id"), q.Get("from"), q.Get("table"), offset)
		return err
	})
	if err != nil {
		i.fail(w, r, err)
		return
	}
	i.renderObject(w, r, v)
}

func (i *Inspector) renderObject(w http.ResponseWriter, r *http.Request, v objectView) {
	title := v.Class + " " + v.Name
	if v.Name == "" {
		title = v.Class + " " + short(v.ID)
	}
	live := "requests state"
	if v.SQL != "" {
		live = ""
	}
	i.render(w, r, "object", title, live, v)
}
