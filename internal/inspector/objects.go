package inspector

import (
	"errors"
	"net/http"
	"slices"
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

	emptyName bool // the object was reached by the name ""
}

// Label is how a person knows the object.
func (o ObjectSummary) Label() string {
	switch {
	case o.emptyName:
		return `""`
	case o.Name == "":
		return short(o.ID)
	}
	return o.Name
}

// Named reports whether the name of the object is known.
func (o ObjectSummary) Named() bool { return o.Name != "" || o.emptyName }

// summary describes an object; an id that comes of the empty name is known by it.
func summary(h *local.Host, class string, o local.Object) ObjectSummary {
	s := ObjectSummary{Worker: h.Name(), Class: class, ID: o.ID, Name: o.Name, Live: o.Live}
	if o.Name == "" {
		id, err := h.ObjectID(class, "")
		s.emptyName = err == nil && id == o.ID
	}
	return s
}

// exists fails when there is no such object: what is done to a name that is misspelled would make one.
func exists(h *local.Host, class, object string) error {
	_, found, err := h.Object(class, object)
	if err == nil && !found {
		err = noObject(class, object)
	}
	return err
}

// errNoObject is an object that is not there.
type errNoObject struct{ error }

func noObject(class, object string) error {
	return errNoObject{errors.New("there is no object " + strconv.Quote(object) + " of the class " + class + ": it is not in memory, and has nothing stored; `lattice objects list` lists those that there are")}
}

// numberOf reads a number of a query; what is none is 0.
func numberOf(text string) int {
	n, _ := strconv.Atoi(text)
	return n
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
			list = append(list, summary(h, class, o))
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
	Sockets []Socket      `json:"sockets"`           // those that hibernate
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
	one, found, err := h.Object(class, id)
	if err == nil && !found {
		return o, noObject(class, object)
	}
	o.ObjectSummary = summary(h, class, one)
	store, done, failed := h.Storage(class, id).Still()
	if failed != nil {
		return o, errors.Join(err, failed)
	}
	defer func() { err = errors.Join(err, done()) }()
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
		o.Sockets = append(o.Sockets, Socket{s.Number, s.Tags, stateOf(s), plain(local.Attachment(s))})
	}
	return o, errors.Join(err, failed)
}

func (i *Inspector) objects(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	chosen, class, text := q.Get("worker"), q.Get("class"), q.Get("q")
	from := max(0, numberOf(q.Get("from")))
	type group struct {
		Worker, Class string
		Objects       []ObjectSummary
		Total         int
		Next          int
	}
	var groups []group
	problems := i.withAll(r, chosen, func(worker string, h *local.Host) error {
		for _, name := range h.Classes() {
			if class != "" && name != class {
				continue
			}
			list, err := List(h, name)
			if err != nil {
				return err
			}
			list = slices.DeleteFunc(list, func(o ObjectSummary) bool { return !strings.Contains(o.Name, text) && !strings.HasPrefix(o.ID, text) })
			g := group{Worker: worker, Class: name, Total: len(list), Objects: list[min(from, len(list)):]}
			if len(g.Objects) > pageObjects {
				g.Objects, g.Next = g.Objects[:pageObjects], from+pageObjects
			}
			groups = append(groups, g)
		}
		return nil
	})
	i.render(w, r, "objects", "Objects", "requests state", map[string]any{"Groups": groups, "Problems": problems, "Q": text, "Worker": chosen, "Class": class, "From": from})
}

// objectView is the page of an object.
type objectView struct {
	Object
	data
	Tables []local.Table // those of data, which Object has as well
	First  string        // the first key that is shown
	Open   []socketView
}

// viewOf collects what the page of an object shows.
func viewOf(h *local.Host, class, id, from, table string, offset int) (v objectView, err error) {
	if v.Object, err = Inspect(h, class, id, from); err != nil {
		return v, err
	}
	v.First = from
	v.data = data{Path: "/object", Where: []string{"worker", v.Worker, "class", class, "id", v.ID}, Warning: "It runs at once, between two events of the object, and an object in memory is not told."}
	for _, s := range h.OpenSockets() {
		if s.Class == class && s.ID == v.ID {
			v.Open = append(v.Open, socketView{s, h.Name()})
		}
	}
	err = v.browse(h.Storage(class, id), table, offset)
	v.Tables = v.data.Tables
	return v, err
}

func (i *Inspector) object(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var v objectView
	err := i.with(r, q.Get("worker"), func(h *local.Host) (err error) {
		v, err = viewOf(h, q.Get("class"), q.Get("id"), q.Get("from"), q.Get("table"), numberOf(q.Get("offset")))
		return err
	})
	var none errNoObject
	switch {
	case errors.As(err, &none): // the link to an object outlives one that has stored nothing
		i.renderStatus(w, r, http.StatusNotFound, "absent", q.Get("class")+" "+short(q.Get("id")), "", map[string]string{"Class": q.Get("class"), "ID": q.Get("id")})
	case err != nil:
		i.fail(w, r, err)
	default:
		i.renderObject(w, r, v)
	}
}

func (i *Inspector) renderObject(w http.ResponseWriter, r *http.Request, v objectView) {
	title := v.Class + " " + Visible(v.Label())
	live := "requests state"
	if v.SQL != "" || v.Problem != "" {
		live = ""
	}
	i.render(w, r, "object", title, live, v)
}
