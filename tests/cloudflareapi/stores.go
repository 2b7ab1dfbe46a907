package cloudflareapi

import (
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // what runs the SQL of D1
)

// database is a D1 database. Its SQL runs in SQLite.
type database struct {
	ID   string `json:"uuid"`
	Name string `json:"name"`
	db   *sql.DB
}

// AddDatabase makes a D1 database.
func (s *Server) AddDatabase(name, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.d1 = append(s.state.d1, &database{ID: id, Name: name})
}

// storeRoutes are those of KV, R2 and D1, as far as deployments and migrations use them.
func (s *Server) storeRoutes(at route) {
	at("GET /accounts/{account}/storage/kv/namespaces", func(w http.ResponseWriter, _ *http.Request, _ Request) { page(w, s.state.kv) })
	at("POST /accounts/{account}/storage/kv/namespaces", func(w http.ResponseWriter, _ *http.Request, req Request) {
		ns := decode[map[string]any](req)
		ns["id"] = strings.ReplaceAll(s.state.id(), "-", "")
		s.state.kv = append(s.state.kv, ns)
		ok(w, ns)
	})
	at("GET /accounts/{account}/workers/dispatch/namespaces", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		page(w, []map[string]any{{"namespace_id": "0d0d", "namespace_name": "dispatched", "script_count": 0}})
	})
	at("GET /accounts/{account}/r2/buckets", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		ok(w, map[string]any{"buckets": append([]map[string]any{}, s.state.buckets...)})
	})
	at("GET /accounts/{account}/r2/buckets/{name}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		ok(w, map[string]any{"name": r.PathValue("name"), "creation_date": created})
	})
	at("POST /accounts/{account}/r2/buckets", func(w http.ResponseWriter, _ *http.Request, req Request) {
		s.state.buckets = append(s.state.buckets, decode[map[string]any](req))
		ok(w, s.state.buckets[len(s.state.buckets)-1])
	})
	at("GET /accounts/{account}/d1/database", func(w http.ResponseWriter, r *http.Request, _ Request) {
		page(w, slices.DeleteFunc(slices.Clone(s.state.d1), func(d *database) bool { return r.FormValue("name") != "" && d.Name != r.FormValue("name") }))
	})
	at("GET /accounts/{account}/d1/database/{id}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if d := s.database(w, r); d != nil {
			ok(w, map[string]any{"uuid": d.ID, "name": d.Name, "version": "production", "created_at": created})
		}
	})
	at("POST /accounts/{account}/d1/database/{id}/query", func(w http.ResponseWriter, r *http.Request, req Request) {
		d := s.database(w, r)
		if d == nil {
			return
		}
		body := decode[struct {
			SQL    string
			Params []any
		}](req)
		results, err := d.query(body.SQL, body.Params)
		if err != nil {
			fail(w, http.StatusBadRequest, 7500, err.Error())
			return
		}
		ok(w, results)
	})
}

func (s *Server) database(w http.ResponseWriter, r *http.Request) *database {
	i := slices.IndexFunc(s.state.d1, func(d *database) bool { return d.ID == r.PathValue("id") })
	if i < 0 {
		fail(w, http.StatusNotFound, 7404, "The database "+r.PathValue("id")+" could not be found")
		return nil
	}
	return s.state.d1[i]
}

// query runs statements, and answers for the last of them.
func (d *database) query(text string, params []any) ([]map[string]any, error) {
	if d.db == nil {
		db, err := sql.Open("sqlite", "file:"+d.ID+"?mode=memory")
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(1) // the database is the connection's
		d.db = db
	}
	rows, err := d.db.Query(text, params...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	list := []map[string]any{}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := map[string]any{}
		for i, c := range columns {
			row[c] = values[i]
		}
		list = append(list, row)
	}
	return []map[string]any{{"results": list, "success": true, "meta": map[string]any{"duration": 0.1, "changes": 0}}}, rows.Err()
}

// Query looks into a D1 database. Each row is the text of its first column.
func (s *Server) Query(database, text string) (list []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.state.d1 {
		if d.Name == database && d.db != nil {
			rows, err := d.db.Query(text)
			if err != nil {
				return nil, err
			}
			defer rows.Close()
			for rows.Next() {
				var v any
				if err := rows.Scan(&v); err != nil {
					return nil, err
				}
				list = append(list, fmt.Sprint(v))
			}
			return list, rows.Err()
		}
	}
	return nil, fmt.Errorf("nobody has used a database %s", database)
}
