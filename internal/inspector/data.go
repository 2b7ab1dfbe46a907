package inspector

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	local "grove.place/lattice/local-runtime"
)

// data is what the pages of an object and of a D1 database have in common: tables to browse, and SQL to run.
type data struct {
	Path  string   // of the page
	Where []string // names and values of its query: whose tables these are

	Tables  []local.Table
	Table   string // that is shown
	Offset  int
	Rows    local.Result
	Total   int // rows of the table; -1: it is a view, whose rows are not counted
	Earlier int // offsets; -1: none
	Later   int
	Last    int

	SQL     string
	Result  *local.Result
	Problem string
	Writes  bool // SQL wants to write
	Warning string
}

// At is the address of the page with rows of a table.
func (d data) At(table string, offset int) string {
	pairs := []any{"table", table, "offset", offset}
	for _, p := range d.Where {
		pairs = append(pairs, p)
	}
	return address(d.Path, pairs...)
}

// Self is the address of the page with the rows that it shows.
func (d data) Self() string { return d.At(d.Table, d.Offset) }

// Hidden are the fields that say whose tables these are.
func (d data) Hidden() map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(d.Where); i += 2 {
		m[d.Where[i]] = d.Where[i+1]
	}
	return m
}

// browse lists the tables of a store, and the rows of one of them.
func (d *data) browse(store *local.Storage, table string, offset int) (err error) {
	d.Table, d.Offset, d.Total, d.Earlier, d.Later, d.Last = table, max(offset, 0), -1, -1, -1, -1
	if d.Tables, err = store.Tables(); err != nil || table == "" {
		return err
	}
	found := false
	for _, t := range d.Tables {
		if t.Name == table {
			if found = true; !t.View {
				d.Total = t.Rows
			}
		}
	}
	if !found {
		return fmt.Errorf("there is no table %q", table)
	}
	if d.Total >= 0 {
		d.Offset = min(d.Offset, max(0, (d.Total-1)/pageRows*pageRows))
	}
	if d.Rows, err = store.Rows(table, d.Offset, pageRows); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	if d.Offset > 0 {
		d.Earlier = max(0, d.Offset-pageRows)
	}
	if d.Offset+pageRows < d.Total || d.Total < 0 && len(d.Rows.Rows) == pageRows {
		d.Later = d.Offset + pageRows
		d.Last = (d.Total - 1) / pageRows * pageRows
	}
	return nil
}

// Until is the number of the last row that is shown.
func (d data) Until() int { return d.Offset + len(d.Rows.Rows) }

// From is that of the first.
func (d data) From() int { return min(d.Offset+1, d.Until()) }

// answered notes what came of a statement.
func (d *data) answered(query string, result local.Result, err error) {
	switch d.SQL = query; {
	case errors.Is(err, local.ErrReadOnly):
		d.Writes = true
	case err != nil:
		d.Problem = err.Error()
	default:
		d.Result = &result
	}
}

// execute runs SQL: what reads on a copy, what writes only when that is wanted.
func execute(store *local.Storage, write func(query string) (local.Result, error), query string, writes bool) (local.Result, error) {
	if strings.TrimSpace(query) == "" {
		return local.Result{}, errors.New("write a statement")
	}
	result, err := store.Read(query, maxResult)
	if writes && errors.Is(err, local.ErrReadOnly) {
		result, err = write(query)
	}
	for _, row := range result.Rows {
		for n := range row {
			row[n] = plain(row[n])
		}
	}
	return result, err
}

// maxResult is how many rows of a result there are at most.
const maxResult = 1000

// Full reports whether there may be more rows than the result has.
func (d data) Full() bool { return d.Result != nil && len(d.Result.Rows) == maxResult }

// sql runs a statement in an object. One that writes is asked about first.
func (i *Inspector) sql(w http.ResponseWriter, r *http.Request) {
	f := form{r}
	class, id := f.object()
	var v objectView
	err := i.with(r, f.get("worker"), func(h *local.Host) error {
		if err := exists(h, class, id); err != nil {
			return err
		}
		result, err := Run(h, class, id, f.get("sql"), f.get("confirm") == "yes")
		var failed error
		if v, failed = viewOf(h, class, id, "", "", 0); failed != nil {
			return failed
		}
		v.answered(f.get("sql"), result, err)
		return nil
	})
	if err != nil {
		i.fail(w, r, err)
		return
	}
	if v.Result != nil && v.Result.RowsWritten > 0 {
		i.live.changed("state")
	}
	i.renderObject(w, r, v)
}

// Run runs SQL in what an object has stored. What writes fails with local.ErrReadOnly, unless writes is true.
func Run(h *local.Host, class, id, query string, writes bool) (local.Result, error) {
	return execute(h.Storage(class, id), func(query string) (local.Result, error) { return h.Execute(class, id, query) }, query, writes)
}
