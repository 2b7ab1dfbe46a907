package cloudflare

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Database is a D1 database of the account (https://developers.cloudflare.com/d1/).
type Database struct {
	ID      string `json:"uuid"`
	Name    string `json:"name"`
	Created string `json:"created_at,omitempty"`
	Version string `json:"version,omitempty"`
	Tables  *int   `json:"num_tables,omitempty"`
	Size    *int64 `json:"file_size,omitempty"` // bytes
	Region  string `json:"running_in_region,omitempty"`

	Jurisdiction string `json:"jurisdiction,omitempty"`
}

// Databases lists all of them.
func (c *Client) Databases(ctx context.Context) ([]Database, error) {
	list, err := listed[Database](ctx, c, c.path("d1", "database"), nil)
	return list, failed("list the D1 databases", err)
}

// Database finds one by its id or its name. IsNotFound tells that there is none.
func (c *Client) Database(ctx context.Context, id string) (d Database, err error) {
	err = c.raw(ctx, http.MethodGet, c.path("d1", "database", id), nil, nil, &d)
	return d, failed("look for the D1 database "+id, err)
}

// CreateDatabase makes one, near a location or within a jurisdiction when they are named.
func (c *Client) CreateDatabase(ctx context.Context, name, location, jurisdiction string) (d Database, err error) {
	body := map[string]string{"name": name}
	if location != "" {
		body["primary_location_hint"] = location
	}
	if jurisdiction != "" {
		body["jurisdiction"] = jurisdiction
	}
	err = c.raw(once(ctx), http.MethodPost, c.path("d1", "database"), nil, body, &d)
	return d, failed("create the D1 database "+name, err)
}

// DeleteDatabase deletes one with all that is in it.
func (c *Client) DeleteDatabase(ctx context.Context, id string) error {
	return failed("delete the D1 database", c.raw(ctx, http.MethodDelete, c.path("d1", "database", id), nil, nil, nil))
}

// QueryResult is what a statement answered. A BLOB is a list of numbers; numbers are json.Number.
type QueryResult struct {
	Results struct {
		Columns []string `json:"columns"`
		Rows    [][]any  `json:"rows"`
	} `json:"results"`
	Success bool            `json:"success"`
	Meta    json.RawMessage `json:"meta"`
}

// Query runs statements in a database: all of them, or none when one fails.
func (c *Client) Query(ctx context.Context, database, text string, params ...any) (list []QueryResult, err error) {
	return c.query(ctx, database, Statement{text, params})
}

// Statement is one of SQL with what is bound to it.
type Statement struct {
	SQL    string `json:"sql"`
	Params []any  `json:"params,omitempty"`
}

// Batch runs statements with what is bound to each: all of them, or none when one fails.
func (c *Client) Batch(ctx context.Context, database string, statements []Statement) ([]QueryResult, error) {
	if len(statements) == 1 {
		return c.query(ctx, database, statements[0])
	}
	return c.query(ctx, database, map[string]any{"batch": statements})
}

func (c *Client) query(ctx context.Context, database string, question any) (list []QueryResult, err error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	answer, err := c.send(once(ctx), http.MethodPost, c.path("d1", "database", database, "raw"), nil, http.Header{"Content-Type": {"application/json"}}, body)
	if err != nil {
		return nil, failed("run SQL in the D1 database", err)
	}
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	if err := d.Decode(&envelope{Result: &list}); err != nil {
		return nil, fmt.Errorf("run SQL in the D1 database: the answer is not JSON: %w", err)
	}
	return list, nil
}

// task is an answer about work that D1 does in the background.
type task struct {
	Success  bool     `json:"success"`
	Status   string   `json:"status"`
	Error    string   `json:"error"`
	Errors   []string `json:"errors"`
	Bookmark string   `json:"at_bookmark"`
	Upload   string   `json:"upload_url"`
	Filename string   `json:"filename"`
	Result   struct {
		Signed  string          `json:"signed_url"`
		Queries int             `json:"num_queries"`
		Meta    json.RawMessage `json:"meta"`
	} `json:"result"`
}

// finish asks again and again until the work is done.
func (c *Client) finish(ctx context.Context, path string, t task, poll func(bookmark string) any) (task, error) {
	for {
		switch {
		case t.Status == "complete":
			return t, nil
		case t.Status == "error" || !t.Success:
			return t, errors.New(strings.Join(append([]string{"D1 answered an error: " + t.Error}, t.Errors...), " "))
		}
		if err := c.sleep(ctx, time.Second); err != nil {
			return t, err
		}
		bookmark := t.Bookmark
		t = task{}
		if err := c.raw(ctx, http.MethodPost, path, nil, poll(bookmark), &t); err != nil {
			return t, err
		}
	}
}

// Imported is what running a file did.
type Imported struct {
	Queries int
	Meta    json.RawMessage
}

// Import runs a file of statements, however long: all of them, or none when one fails.
func (c *Client) Import(ctx context.Context, database string, text []byte) (Imported, error) {
	done, err := c.ingest(ctx, database, text)
	return Imported{done.Result.Queries, done.Result.Meta}, failed("run the file in the D1 database", err)
}

func (c *Client) ingest(ctx context.Context, database string, text []byte) (t task, err error) {
	path, sum := c.path("d1", "database", database, "import"), md5.Sum(text)
	etag := hex.EncodeToString(sum[:])
	if err := c.raw(ctx, http.MethodPost, path, nil, map[string]string{"action": "init", "etag": etag}, &t); err != nil {
		return t, err
	}
	if t.Upload != "" {
		_, header, err := c.signed(ctx, http.MethodPut, t.Upload, text)
		if err != nil {
			return t, fmt.Errorf("upload it: %w", err)
		}
		if got := strings.Trim(header.Get("ETag"), `"`); got != etag {
			return t, errors.New("it did not arrive as it was sent: run the command again")
		}
		filename := t.Filename
		t = task{}
		if err := c.raw(once(ctx), http.MethodPost, path, nil, map[string]string{"action": "ingest", "filename": filename, "etag": etag}, &t); err != nil {
			return t, err
		}
	}
	return c.finish(ctx, path, t, func(bookmark string) any {
		return map[string]string{"action": "poll", "current_bookmark": bookmark}
	})
}

// Dump says what of a database is exported.
type Dump struct {
	NoSchema bool     `json:"no_schema"`
	NoData   bool     `json:"no_data"`
	Tables   []string `json:"tables"`
}

// Export returns statements that make a database anew. It is not available meanwhile.
func (c *Client) Export(ctx context.Context, database string, o Dump) ([]byte, error) {
	const attempt = "export the D1 database"
	path := c.path("d1", "database", database, "export")
	if o.Tables == nil {
		o.Tables = []string{}
	}
	body := func(bookmark string) any {
		b := map[string]any{"output_format": "polling", "dump_options": o}
		if bookmark != "" {
			b["current_bookmark"] = bookmark
		}
		return b
	}
	var t task
	if err := c.raw(ctx, http.MethodPost, path, nil, body(""), &t); err != nil {
		return nil, failed(attempt, err)
	}
	t, err := c.finish(ctx, path, t, body)
	if err != nil {
		return nil, failed(attempt, err)
	}
	text, _, err := c.signed(ctx, http.MethodGet, t.Result.Signed, nil)
	return text, failed(attempt, err)
}
