package inspector

import (
	"fmt"
	"net/http"

	local "grove.place/lattice/local-runtime"
)

// storeKinds are the kinds of stores in the order of the page.
var storeKinds = []struct{ Kind, Title, Page, Remote, Add string }{
	{"d1", "D1 databases", "/database", "lattice d1 execute %s --remote --command …", "[[d1_databases]]"},
	{"kv", "KV namespaces", "/namespace", "lattice kv key list --binding %s --remote", "[[kv_namespaces]]"},
	{"r2", "R2 buckets", "/bucket", "lattice r2 object list %s --remote", "[[r2_buckets]]"},
}

// storeView is a binding in the list.
type storeView struct {
	local.Store
	Worker, Page, Command string
}

// Address is that of the store's page.
func (s storeView) Address() string {
	return address(s.Page, "worker", s.Worker, "binding", s.Binding)
}

// storesOf lists the D1 databases, KV namespaces and R2 buckets of a Worker.
func storesOf(h *local.Host) (list []storeView) {
	for _, s := range h.Stores() {
		for _, kind := range storeKinds {
			if kind.Kind == s.Kind {
				v := storeView{Store: s, Worker: h.Name(), Page: kind.Page}
				if s.Remote {
					v.Command = fmt.Sprintf(kind.Remote, s.Binding)
				}
				list = append(list, v)
			}
		}
	}
	return list
}

// stores lists those of all Workers. What is on Cloudflare is not opened here: looking would be paid by the account.
func (i *Inspector) stores(w http.ResponseWriter, r *http.Request) {
	type group struct {
		Title, Add string
		Stores     []storeView
	}
	all := map[string][]storeView{}
	problems := i.withAll(r, "", func(_ string, h *local.Host) error {
		for _, s := range storesOf(h) {
			all[s.Kind] = append(all[s.Kind], s)
		}
		return nil
	})
	var groups []group
	for _, kind := range storeKinds {
		groups = append(groups, group{kind.Title, kind.Add, all[kind.Kind]})
	}
	i.render(w, r, "stores", "Storage", "state", map[string]any{"Groups": groups, "Problems": problems})
}

// bound says which binding a page of a store is about.
type bound struct{ Worker, Binding string }

func boundOf(get func(string) string) bound { return bound{get("worker"), get("binding")} }

// check finds out whether the Worker has the binding, and keeps the store here.
func (b *bound) check(h *local.Host, kind string) error {
	b.Worker = h.Name()
	for _, s := range h.Stores() {
		switch {
		case s.Kind != kind || s.Binding != b.Binding:
		case s.Remote:
			return fmt.Errorf("%s is on Cloudflare (remote = true): it is not looked into from here", b.Binding)
		default:
			return nil
		}
	}
	return fmt.Errorf("the Worker %s has no binding %q of this kind", h.Name(), b.Binding)
}

// databaseView is the page of a D1 database.
type databaseView struct {
	bound
	data
}

func (i *Inspector) viewDatabase(h *local.Host, b bound, table string, offset int) (v databaseView, err error) {
	if err := b.check(h, "d1"); err != nil {
		return v, err
	}
	v.bound = b
	v.data = data{Path: "/database", Where: []string{"worker", b.Worker, "binding", b.Binding}, Warning: "It runs at once, in a transaction."}
	store, done, err := h.Database(b.Binding).Still()
	if err != nil {
		return v, err
	}
	defer done()
	return v, v.browse(store, table, offset)
}

func (i *Inspector) database(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var v databaseView
	if err := i.with(r, q.Get("worker"), func(h *local.Host) (err error) {
		v, err = i.viewDatabase(h, boundOf(q.Get), q.Get("table"), numberOf(q.Get("offset")))
		return err
	}); err != nil {
		i.fail(w, r, err)
		return
	}
	i.renderDatabase(w, r, v)
}

func (i *Inspector) databaseSQL(w http.ResponseWriter, r *http.Request) {
	f := form{r}
	b := boundOf(f.get)
	var v databaseView
	if err := i.with(r, b.Worker, func(h *local.Host) (err error) {
		if err := b.check(h, "d1"); err != nil {
			return err
		}
		write := func(query string) (local.Result, error) { return h.ExecuteDatabase(b.Binding, query) }
		result, failed := execute(h.Database(b.Binding), write, f.get("sql"), f.get("confirm") == "yes")
		if v, err = i.viewDatabase(h, b, "", 0); err == nil {
			v.answered(f.get("sql"), result, failed)
		}
		return err
	}); err != nil {
		i.fail(w, r, err)
		return
	}
	i.renderDatabase(w, r, v)
}

func (i *Inspector) renderDatabase(w http.ResponseWriter, r *http.Request, v databaseView) {
	live := "requests state"
	if v.SQL != "" || v.Problem != "" {
		live = ""
	}
	i.render(w, r, "database", "D1 "+v.Binding, live, v)
}
