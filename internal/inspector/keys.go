package inspector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/kv"
)

// maxEdited is how long a value can be that a page lets edit.
const maxEdited = 64 << 10

// namespaceView is the page of a KV namespace: its keys, or one of them.
type namespaceView struct {
	bound
	Prefix  string
	Keys    []kv.Key
	Next    string // cursor
	Started bool   // these are not the first keys

	One     bool // of the keys is shown
	Key     string
	Value   Value
	Text    string // to edit
	Edits   bool
	Entry   kv.Key // metadata and expiration
	Meta    string
	Missing bool
}

func (i *Inspector) namespace(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	v := namespaceView{bound: boundOf(q.Get), Prefix: q.Get("prefix"), Started: q.Get("cursor") != "", One: q.Has("key"), Key: q.Get("key")}
	if err := i.with(r, v.Worker, func(h *local.Host) error {
		if err := v.check(h, "kv"); err != nil {
			return err
		}
		if v.One {
			return v.look(h)
		}
		list, err := kv.Namespace(v.Binding).List(h.Context(), kv.ListOptions{Prefix: v.Prefix, Limit: pageKeys, Cursor: q.Get("cursor")})
		v.Keys, v.Next = list.Keys, list.Cursor
		return err
	}); err != nil {
		i.fail(w, r, err)
		return
	}
	title, live := "KV "+v.Binding, "requests state"
	if v.One {
		title, live = title+" "+Visible(v.Key), ""
	}
	i.render(w, r, "namespace", title, live, v)
}

const pageKeys = 100

// look reads one key. Its expiration is in lists alone.
func (v *namespaceView) look(h *local.Host) error {
	n := kv.Namespace(v.Binding)
	var value []byte
	var meta json.RawMessage
	found, err := n.GetWithMetadata(h.Context(), v.Key, &value, &meta, nil)
	if err != nil {
		return err
	}
	if v.Missing = !found; v.Missing {
		return nil
	}
	for one, err := range n.All(h.Context(), v.Key) {
		if err != nil {
			return err
		}
		v.Entry = one
		break // the key itself comes before those that are longer
	}
	if len(meta) > 0 {
		v.Meta = string(meta)
	}
	v.Value = contentOf(value)
	if v.Edits = utf8.Valid(value) && len(value) <= maxEdited && !bytes.ContainsRune(value, 0); v.Edits {
		v.Text = string(value)
	}
	return nil
}

// contentOf shows bytes as text, if they are.
func contentOf(b []byte) Value {
	if !utf8.Valid(b) {
		return blob(b)
	}
	v := valueOf(string(b))
	v.Size = count(len(b), "byte")
	return v
}

func putKey(h *local.Host, f form) (string, error) {
	b := boundOf(f.get)
	if err := b.check(h, "kv"); err != nil {
		return "", err
	}
	key := f.get("key")
	if key == "" {
		return "", errors.New("write the name of the key")
	}
	o := &kv.PutOptions{}
	if meta := strings.TrimSpace(f.get("metadata")); meta != "" {
		if !json.Valid([]byte(meta)) {
			return "", errors.New("the metadata is not JSON")
		}
		o.Metadata = json.RawMessage(meta)
	}
	if text := strings.TrimSpace(f.get("ttl")); text != "" {
		ttl, err := time.ParseDuration(text)
		if err != nil {
			return "", fmt.Errorf("write for how long to keep it, such as 10m or 24h, not %q", text)
		}
		o.ExpirationTTL = ttl
	} else if at := numberOf(f.get("expiration")); at > 0 {
		o.Expiration = time.Unix(int64(at), 0)
	}
	value := strings.ReplaceAll(f.get("value"), "\r\n", "\n") // browsers send text so
	return fmt.Sprintf("Stored under %s.", Visible(key)), kv.Namespace(b.Binding).Put(h.Context(), key, value, o)
}

func deleteKey(h *local.Host, f form) (string, error) {
	b := boundOf(f.get)
	if err := b.check(h, "kv"); err != nil {
		return "", err
	}
	return fmt.Sprintf("Deleted %s.", Visible(f.get("key"))), kv.Namespace(b.Binding).Delete(h.Context(), f.get("key"))
}
