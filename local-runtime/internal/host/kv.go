package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Limits of KV, those of wrangler dev's store (miniflare src/workers/kv/constants.ts).
const (
	kvKey        = 512
	kvValue      = 25 << 20
	kvMetadata   = 1024
	kvListed     = 1000
	kvMany       = 100
	kvExpiration = 60 // seconds
	kvCacheTTL   = 30 // seconds
)

// openKV opens every namespace that is bound. Bindings of one name share a namespace.
func (h *Host) openKV() error {
	for binding, name := range h.cfg.KV {
		if h.cfg.RemoteKV[binding] != nil {
			continue
		}
		if !safeName.MatchString(name) {
			return fmt.Errorf("KV binding %s: %q is not a name for a namespace: use letters, digits, _ and -", binding, name)
		}
		if h.kv[name] != nil {
			continue
		}
		k, err := opened(&h.stores, h.stores.kv, name, func() (*storage.KV, error) { return storage.OpenKV(filepath.Join(h.dir, "kv", name+".sqlite")) })
		if err != nil {
			return fmt.Errorf("KV namespace %s: %w", name, err)
		}
		h.kv[name] = fileKV{k}
	}
	return nil
}

// kvCall is a decoded operation on a namespace.
type kvCall struct {
	kv   KVStore
	args arguments
	body content
	now  int64 // seconds
}

var kvMethods = map[string]func(c *kvCall) (abi.Value, content, error){
	"get": kvGetValue, "getMany": kvGetMany, "put": kvPutValue, "delete": kvDeleteValue, "list": kvListKeys,
}

// kvNames are the names that errors give to methods (workerd api/kv.c++).
var kvNames = map[string]string{"get": "GET", "getMany": "GET_BULK", "put": "PUT", "delete": "DELETE", "list": "GET"}

// kvError is a refusal of the store: a status with its text.
type kvError struct {
	status int
	text   string
}

func (e *kvError) Error() string { return fmt.Sprintf("%d %s", e.status, e.text) }

func kvRefuse(status int, format string, args ...any) error {
	return &kvError{status, fmt.Sprintf(format, args...)}
}

// workersKV is a storedCall.
func (h *Host) workersKV(r *abi.Reader, from *streams, done func(result abi.Value, body content, err error)) (perform func(), err error) {
	binding, method := r.Str(), r.Str()
	c := kvCall{args: r.Values(), now: h.cfg.Clock.Now().Unix()}
	body := r.Body()
	if err := r.End(); err != nil {
		return nil, err
	}
	if c.kv = h.namespaceKV(binding); c.kv == nil {
		return nil, abi.TypeErrorf("there is no KV binding %q: add it to [[kv_namespaces]] in wrangler.toml", binding)
	}
	do := kvMethods[method]
	if do == nil {
		return nil, abi.Errorf("unknown method of KV %q", method)
	}
	if err := checkKeyName(kvNames[method], method, c.args); err != nil {
		return nil, err
	}
	c.body = from.accept(body)
	struck := h.faults.meet(target{kind: KVCalls, name: binding, method: strings.TrimSuffix(method, "Many"), keys: c.args.keys()})
	struck.err = named("KV "+kvNames[method]+" failed: ", struck.err)
	done = struck.losing(done)
	fail := func(err error) { done(nil, noContent, err) }
	return h.suffering(struck, &c.body, h.storingOf(&c.body, func() {
		result, answer, err := do(&c)
		var thrown *abi.Error
		if err != nil && !errors.As(err, &thrown) {
			err = abi.Errorf("KV %s failed: %s", kvNames[method], err)
		}
		done(result, answer, err)
	}, fail), fail), nil
}

// checkKeyName refuses what workerd refuses itself, before anything is sent.
func checkKeyName(name, method string, args []abi.Value) error {
	if method == "list" || method == "getMany" || len(args) == 0 {
		return nil
	}
	switch key, _ := args[0].(string); {
	case key == "":
		return abi.TypeErrorf("Key name cannot be empty.")
	case key == "." || key == "..":
		return abi.TypeErrorf("%q is not allowed as a key name.", key)
	case len(key) > kvKey:
		return abi.Errorf("KV %s failed: 414 UTF-8 encoded length of %d exceeds key length limit of %d.", name, len(key), kvKey)
	}
	return nil
}

// checkStoredKey refuses what the store refuses, of keys that workerd does not look at.
func checkStoredKey(key string) error {
	switch {
	case key == "":
		return kvRefuse(400, "Key names must not be empty")
	case key == "." || key == "..":
		return kvRefuse(400, "Illegal key name %q. Please use a different name.", key)
	case len(key) > kvKey:
		return kvRefuse(414, "UTF-8 encoded length of %d exceeds key length limit of %d.", len(key), kvKey)
	}
	return nil
}

func checkCacheTTL(o abi.Object) error {
	if ttl, ok := o.Get("cacheTtl").(int64); ok && ttl < kvCacheTTL {
		return kvRefuse(400, "Invalid cache_ttl of %d. Cache TTL must be at least %d.", ttl, kvCacheTTL)
	}
	return nil
}

// orNull is text, or null when there is none.
func orNull(text string) abi.Value {
	if text == "" {
		return nil
	}
	return text
}

func kvGetValue(c *kvCall) (abi.Value, content, error) {
	if err := checkCacheTTL(c.args.object(1)); err != nil {
		return nil, noContent, err
	}
	e, err := c.kv.Get(c.args.text(0), c.now)
	if err != nil || e == nil {
		return nil, noContent, err
	}
	answer := content{inline: e.Value}
	if len(e.Value) > abi.InlineBody {
		answer, err = bodyOf(io.NopCloser(bytes.NewReader(e.Value)), int64(len(e.Value)))
	}
	return abi.Object{{Name: "metadata", Value: orNull(e.Metadata)}}, answer, err
}

func kvGetMany(c *kvCall) (abi.Value, content, error) {
	keys := c.args.list(0)
	switch {
	case len(keys) > kvMany:
		return nil, noContent, kvRefuse(400, "You can request a maximum of %d keys", kvMany)
	case len(keys) == 0:
		return nil, noContent, kvRefuse(400, "You must request a minimum of 1 key")
	}
	found, total := abi.Array{}, 0
	for _, v := range keys {
		key, _ := v.(string)
		if err := errors.Join(checkStoredKey(key), checkCacheTTL(c.args.object(1))); err != nil {
			return nil, noContent, err
		}
		e, err := c.kv.Get(key, c.now)
		if err != nil {
			return nil, noContent, err
		}
		if e == nil {
			continue
		}
		total += len(e.Value)
		found = append(found, abi.Object{{Name: "key", Value: key}, {Name: "value", Value: string(bytes.ToValidUTF8(e.Value, []byte("\uFFFD")))}, {Name: "metadata", Value: orNull(e.Metadata)}})
	}
	if total > kvValue {
		return nil, noContent, kvRefuse(413, "Total size of request exceeds the limit of %dMB", kvValue>>20)
	}
	return found, noContent, nil
}

func kvPutValue(c *kvCall) (abi.Value, content, error) {
	e := storage.KVEntry{Key: c.args.text(0)}
	var err error
	if e.Expiration, err = kvExpires(c.args.object(1), c.now); err != nil {
		return nil, noContent, err
	}
	if e.Metadata, _ = c.args.object(1).Get("metadata").(string); e.Metadata != "" {
		if !json.Valid([]byte(e.Metadata)) {
			return nil, noContent, abi.Errorf("the metadata is not JSON: %q", e.Metadata)
		}
		if len(e.Metadata) > kvMetadata {
			return nil, noContent, kvRefuse(413, "Metadata length of %d exceeds limit of %d.", len(e.Metadata), kvMetadata)
		}
	}
	if c.body.source != nil && c.body.length > kvValue {
		return nil, noContent, kvRefuse(413, "Value length of %d exceeds limit of %d.", c.body.length, kvValue)
	}
	if body := c.body.reader(); body != nil {
		if e.Value, err = io.ReadAll(io.LimitReader(body, kvValue+1)); err == nil && len(e.Value) > kvValue {
			rest, failed := io.Copy(io.Discard, body)
			return nil, noContent, errors.Join(failed, kvRefuse(413, "Value length of %d exceeds limit of %d.", int64(len(e.Value))+rest, kvValue))
		}
		if err != nil {
			return nil, noContent, err
		}
	}
	return nil, noContent, c.kv.Put(e, c.now)
}

// kvExpires is when an entry expires that is put now, 0 for never.
func kvExpires(o abi.Object, now int64) (int64, error) {
	for _, name := range []string{"expiration", "expirationTtl"} {
		if n, _ := o.Get(name).(int64); n > math.MaxInt32 || n < math.MinInt32 {
			return 0, abi.TypeErrorf("Value out of range. Must be between %d and %d (inclusive).", math.MinInt32, math.MaxInt32)
		}
	}
	if ttl, ok := o.Get("expirationTtl").(int64); ok {
		switch {
		case ttl <= 0:
			return 0, kvRefuse(400, "Invalid expiration_ttl of %d. Please specify integer greater than 0.", ttl)
		case ttl < kvExpiration:
			return 0, kvRefuse(400, "Invalid expiration_ttl of %d. Expiration TTL must be at least %d.", ttl, kvExpiration)
		}
		return now + ttl, nil
	}
	at, ok := o.Get("expiration").(int64)
	switch {
	case !ok:
		return 0, nil
	case at <= now:
		return 0, kvRefuse(400, "Invalid expiration of %d. Please specify integer greater than the current number of seconds since the UNIX epoch.", at)
	case at < now+kvExpiration:
		return 0, kvRefuse(400, "Invalid expiration of %d. Expiration times must be at least %d seconds in the future.", at, kvExpiration)
	}
	return at, nil
}

func kvDeleteValue(c *kvCall) (abi.Value, content, error) {
	return nil, noContent, c.kv.Delete(c.args.text(0))
}

func kvListKeys(c *kvCall) (abi.Value, content, error) {
	o := c.args.object(0)
	prefix, _ := o.Get("prefix").(string)
	limit := int64(kvListed)
	if n, ok := o.Get("limit").(int64); ok && n > 0 {
		limit = n
	}
	switch {
	case limit > kvListed:
		return nil, noContent, kvRefuse(400, "Invalid key_count_limit of %d. Please specify an integer less than %d.", limit, kvListed)
	case len(prefix) > kvKey:
		return nil, noContent, kvRefuse(414, "UTF-8 encoded length of %d exceeds key length limit of %d.", len(prefix), kvKey)
	}
	from, _ := o.Get("cursor").(string)
	list, next, err := c.kv.List(prefix, from, int(limit), c.now)
	if err != nil {
		return nil, noContent, err
	}
	keys := abi.Array{}
	for _, e := range list {
		var expiration abi.Value
		if e.Expiration > 0 {
			expiration = e.Expiration
		}
		keys = append(keys, abi.Object{{Name: "name", Value: e.Key}, {Name: "expiration", Value: expiration}, {Name: "metadata", Value: orNull(e.Metadata)}})
	}
	var cursor abi.Value
	if next != "" {
		cursor = next
	}
	return abi.Object{{Name: "keys", Value: keys}, {Name: "complete", Value: next == ""}, {Name: "cursor", Value: cursor}}, noContent, nil
}
