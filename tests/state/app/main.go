// Command app is the program whose state is moved from wrangler dev to the local host: it stores in every way there is, and shows what it has stored.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/r2"
)

// Vault keeps values. JavaScript puts some of its own beside them: see entry.mjs.
type Vault struct{ state *durables.State }

var (
	class  = durables.Class("Vault", newVault)
	fill   = durables.Method(class, "fill", (*Vault).fill)
	show   = durables.Method(class, "show", (*Vault).show)
	vaults = class.Namespace("VAULTS")

	db      = d1.Database("DB")
	cache   = kv.Namespace("CACHE")
	noID    = kv.Namespace("NO_ID")
	picture = r2.Bucket("PICTURES")
)

func newVault(_ context.Context, state *durables.State) (*Vault, error) { return &Vault{state}, nil }

// fill stores, and sets the alarm for a time in milliseconds.
func (v *Vault) fill(ctx context.Context, alarm int64) (durables.None, error) {
	s := v.state.Storage()
	for key, value := range map[string]any{
		"text": "héllo €", "int": 42, "float": 1.5, "bytes": []byte{1, 2, 3}, "time": time.UnixMilli(1_700_000_000_123), "big": new(big.Int).Lsh(big.NewInt(-1), 70),
		"nested": map[string]any{"list": []any{1, "two", nil, map[string]any{"deep": true}}}, "nothing": nil,
	} {
		if err := s.Put(ctx, key, value); err != nil {
			return durables.None{}, err
		}
	}
	_, err := s.SQL().Exec(ctx, `CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT, weight REAL, raw BLOB);
		INSERT INTO notes (text, weight, raw) VALUES ('first', 1.5, x'0102'), ('second', NULL, NULL)`)
	if err == nil {
		err = s.SetAlarm(ctx, time.UnixMilli(alarm))
	}
	return durables.None{}, err
}

// Alarm notes the name that the object knows.
func (v *Vault) Alarm(ctx context.Context, _ durables.AlarmInfo) error {
	name, named := v.state.ID().Name()
	return v.state.Storage().Put(ctx, "alarm", fmt.Sprint("rang for ", name, named))
}

// show describes everything that is stored, in Go's types.
func (v *Vault) show(ctx context.Context, _ durables.None) (string, error) {
	s := v.state.Storage()
	var b strings.Builder
	entries, err := s.List(ctx, durables.ListOptions{})
	for _, e := range entries {
		var value any
		if err := e.Decode(&value); err != nil {
			return "", fmt.Errorf("%s: %w", e.Key, err)
		}
		fmt.Fprintf(&b, "%s: %T %v\n", e.Key, value, value)
	}
	if err != nil {
		return "", err
	}
	rows, err := durables.All[struct {
		ID     int
		Text   string
		Weight *float64
		Raw    []byte
	}](ctx, s.SQL(), "SELECT id, text, weight, raw FROM notes ORDER BY id")
	for _, r := range rows {
		fmt.Fprintf(&b, "row %d %s %v %x\n", r.ID, r.Text, r.Weight != nil, r.Raw)
	}
	if err != nil {
		return "", err
	}
	tables, err := durables.All[string](ctx, s.SQL(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('_cf_KV', '_cf_METADATA', '__miniflare_do_name') ORDER BY name")
	fmt.Fprintln(&b, tables)
	if err != nil {
		return "", err
	}
	at, set, err := s.GetAlarm(ctx)
	fmt.Fprintln(&b, "alarm", at.UnixMilli(), set)
	return b.String(), err
}

func fillStores(ctx context.Context) error {
	if _, err := db.Exec(ctx, "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT, score REAL)"); err != nil {
		return err
	}
	if _, err := db.Prepare("INSERT INTO users (name, score) VALUES (?, ?), (?, ?)").Bind("ann", 1.25, "bob", nil).Run(ctx); err != nil {
		return err
	}
	for _, n := range []kv.NamespaceBinding{cache, noID} {
		for key, value := range map[string]any{"plain": "value", "binary/é": []byte{0, 255}, "empty": ""} {
			if err := n.Put(ctx, key, value, nil); err != nil {
				return err
			}
		}
		if err := n.Put(ctx, "rich", "kept for an hour", &kv.PutOptions{ExpirationTTL: time.Hour, Metadata: map[string]any{"a": []int{1}}}); err != nil {
			return err
		}
	}
	sum := sha256.Sum256([]byte("hello"))
	_, err := picture.Put(ctx, "a/b.txt", strings.NewReader("hello"), &r2.PutOptions{SHA256: sum[:], CustomMetadata: map[string]string{"who": "me", "é": "ü"},
		HTTPMetadata: r2.HTTPMetadata{ContentType: "text/plain", CacheControl: "no-cache", CacheExpiry: time.UnixMilli(1_800_000_000_000)}})
	if err != nil {
		return err
	}
	if _, err := picture.Put(ctx, "empty", strings.NewReader(""), nil); err != nil {
		return err
	}
	u, err := picture.CreateMultipartUpload(ctx, "parts", &r2.PutOptions{CustomMetadata: map[string]string{"in": "parts"}})
	if err != nil {
		return err
	}
	first, err := u.UploadPart(ctx, 1, bytes.NewReader(make([]byte, 5<<20)))
	if err != nil {
		return err
	}
	second, err := u.UploadPart(ctx, 2, strings.NewReader("tail"))
	if err == nil {
		_, err = u.Complete(ctx, []r2.Part{first, second})
	}
	return err
}

func showStores(ctx context.Context, w io.Writer) error {
	_, rows, err := db.Prepare("SELECT * FROM users ORDER BY id").Raw(ctx)
	fmt.Fprintln(w, rows)
	for _, n := range []kv.NamespaceBinding{cache, noID} {
		for key, err := range n.All(ctx, "") {
			if err != nil {
				return err
			}
			var value []byte
			if _, err := n.Get(ctx, key.Name, &value, nil); err != nil {
				return err
			}
			fmt.Fprintf(w, "%s %q %s %s\n", key.Name, value, key.Metadata, key.Expiration.UTC())
		}
	}
	for _, key := range []string{"a/b.txt", "empty", "parts", "none"} {
		o, err := picture.Get(ctx, key, nil)
		if err != nil {
			return err
		}
		if o == nil {
			fmt.Fprintln(w, key, "is not there")
			continue
		}
		content, err := io.ReadAll(o.Body)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s %s %s %s %d %x %v %+v %x\n", o.Key, o.Version, o.ETag, o.Uploaded.UTC(), o.Size, sha256.Sum256(content), o.HTTPMetadata, o.Checksums, slices.Sorted(maps.Keys(o.CustomMetadata)))
		for _, name := range slices.Sorted(maps.Keys(o.CustomMetadata)) {
			fmt.Fprintln(w, " ", name, o.CustomMetadata[name])
		}
	}
	return err
}

// vault is the object of a name, or of an id.
func vault(r *http.Request) (stub *durables.Stub[Vault], err error) {
	if name := r.FormValue("name"); name != "" {
		return vaults.GetByName(name), nil
	}
	id, err := vaults.IDFromString(r.Context(), r.FormValue("id"))
	return vaults.Get(id), err
}

func main() {
	handle := func(f func(w io.Writer, r *http.Request) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var b bytes.Buffer
			if err := f(&b, r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Write(b.Bytes())
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/id", handle(func(w io.Writer, r *http.Request) error {
		id, err := vaults.NewUniqueID(r.Context())
		fmt.Fprint(w, id)
		return err
	}))
	mux.HandleFunc("/fill", handle(func(_ io.Writer, r *http.Request) error {
		var alarm int64
		fmt.Sscan(r.FormValue("alarm"), &alarm)
		v, err := vault(r)
		if err == nil {
			_, err = fill.Call(r.Context(), v, alarm)
		}
		return err
	}))
	mux.HandleFunc("/show", handle(func(w io.Writer, r *http.Request) error {
		v, err := vault(r)
		if err != nil {
			return err
		}
		text, err := show.Call(r.Context(), v, durables.None{})
		fmt.Fprint(w, text)
		return err
	}))
	mux.HandleFunc("/stores/fill", handle(func(_ io.Writer, r *http.Request) error { return fillStores(r.Context()) }))
	mux.HandleFunc("/stores/show", handle(func(w io.Writer, r *http.Request) error { return showStores(r.Context(), w) }))
	workers.Serve(mux)
}
