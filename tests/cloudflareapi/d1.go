package cloudflareapi

import (
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
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

// Exported is the SQL that the export of any database answers.
const Exported = "CREATE TABLE exported (a);\n"

// d1Routes are those of D1.
func (s *Server) d1Routes(at route) {
	const one = "/accounts/{account}/d1/database/{id}"
	at("GET /accounts/{account}/d1/database", func(w http.ResponseWriter, r *http.Request, _ Request) {
		page(w, slices.DeleteFunc(slices.Clone(s.state.d1), func(d *database) bool { return r.FormValue("name") != "" && d.Name != r.FormValue("name") }))
	})
	at("POST /accounts/{account}/d1/database", func(w http.ResponseWriter, _ *http.Request, req Request) {
		d := &database{ID: s.state.id(), Name: decode[struct{ Name string }](req).Name}
		if slices.ContainsFunc(s.state.d1, func(other *database) bool { return other.Name == d.Name }) {
			fail(w, http.StatusBadRequest, 7502, "A database with that name already exists")
			return
		}
		s.state.d1 = append(s.state.d1, d)
		ok(w, d)
	})
	at("GET "+one, func(w http.ResponseWriter, r *http.Request, _ Request) {
		if d := s.database(w, r); d != nil {
			ok(w, map[string]any{"uuid": d.ID, "name": d.Name, "version": "production", "created_at": created})
		}
	})
	at("DELETE "+one, func(w http.ResponseWriter, r *http.Request, _ Request) {
		if d := s.database(w, r); d != nil {
			s.state.d1 = slices.DeleteFunc(s.state.d1, func(other *database) bool { return other == d })
			ok(w, nil)
		}
	})
	at("POST "+one+"/query", s.queried(func(columns []string, rows [][]any) any {
		list := []map[string]any{}
		for _, row := range rows {
			named := map[string]any{}
			for i, c := range columns {
				named[c] = row[i]
			}
			list = append(list, named)
		}
		return list
	}))
	at("POST "+one+"/raw", s.queried(func(columns []string, rows [][]any) any {
		return map[string]any{"columns": columns, "rows": rows}
	}))
	at("POST "+one+"/import", func(w http.ResponseWriter, r *http.Request, req Request) {
		if d := s.database(w, r); d != nil {
			s.importFile(w, d, decode[map[string]string](req))
		}
	})
	at("POST "+one+"/export", func(w http.ResponseWriter, r *http.Request, req Request) {
		if d := s.database(w, r); d == nil {
			return
		}
		ok(w, map[string]any{"success": true, "status": "complete", "messages": []string{}, "result": map[string]any{"filename": "e.sql", "signed_url": s.state.url + "/signed/e.sql?signature=x"}})
	})
}

// queried answers a query in one of the forms that the API has for results.
func (s *Server) queried(as func(columns []string, rows [][]any) any) func(w http.ResponseWriter, r *http.Request, req Request) {
	return func(w http.ResponseWriter, r *http.Request, req Request) {
		d := s.database(w, r)
		if d == nil {
			return
		}
		type statement struct {
			SQL    string
			Params []any
		}
		body := decode[struct {
			statement
			Batch []statement
		}](req)
		if body.Batch == nil {
			body.Batch = []statement{body.statement}
		}
		var answers []map[string]any
		for _, one := range body.Batch {
			columns, rows, err := d.query(one.SQL, one.Params)
			if err != nil {
				fail(w, http.StatusBadRequest, 7500, err.Error())
				return
			}
			answers = append(answers, map[string]any{"results": as(columns, rows), "success": true, "meta": map[string]any{"duration": 0.1, "changes": 0}})
		}
		ok(w, answers)
	}
}

// importFile answers the steps of an import.
func (s *Server) importFile(w http.ResponseWriter, d *database, body map[string]string) {
	text := string(s.state.uploaded[body["filename"]])
	switch body["action"] {
	case "init":
		ok(w, map[string]any{"success": true, "filename": body["etag"] + ".sql", "upload_url": s.state.url + "/signed/" + body["etag"] + ".sql?signature=x"})
	case "ingest":
		if _, _, err := d.query(text, nil); err != nil {
			ok(w, map[string]any{"success": false, "status": "error", "error": err.Error(), "messages": []string{}})
			return
		}
		result := map[string]any{"num_queries": strings.Count(text, ";"), "meta": map[string]any{"duration": 0.1}}
		ok(w, map[string]any{"success": true, "status": "complete", "messages": []string{}, "result": result})
	default:
		fail(w, http.StatusBadRequest, 7400, "no such action")
	}
}

// signed is what stands behind addresses that need no token, and get none.
func (s *Server) signed(w http.ResponseWriter, r *http.Request, req Request) {
	switch name := strings.TrimPrefix(r.URL.Path, "/signed/"); {
	case req.Header.Get("Authorization") != "" || r.FormValue("signature") == "":
		http.Error(w, "<Error>InvalidArgument</Error>", http.StatusBadRequest)
	case r.Method == http.MethodGet:
		_, _ = io.WriteString(w, Exported)
	default:
		s.state.uploaded[name] = req.Body
		sum := md5.Sum(req.Body)
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	}
}

func (s *Server) database(w http.ResponseWriter, r *http.Request) *database {
	i := slices.IndexFunc(s.state.d1, func(d *database) bool { return d.ID == r.PathValue("id") || d.Name == r.PathValue("id") })
	if i < 0 {
		fail(w, http.StatusNotFound, 7404, "The database "+r.PathValue("id")+" could not be found")
		return nil
	}
	return s.state.d1[i]
}

// query runs statements in a transaction, and answers for the last of them.
func (d *database) query(text string, params []any) (columns []string, list [][]any, err error) {
	if d.db == nil {
		db, err := sql.Open("sqlite", "file:"+d.ID+"?mode=memory")
		if err != nil {
			return nil, nil, err
		}
		db.SetMaxOpenConns(1) // the database is the connection's
		d.db = db
	}
	tx, err := d.db.Begin()
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		} else {
			err = tx.Commit()
		}
	}()
	rows, err := tx.Query(text, params...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	list = [][]any{}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, err
		}
		list = append(list, values)
	}
	return columns, list, rows.Err()
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
