// Package kv reads and writes Workers KV namespaces: values of up to 25 MiB under keys of up to 512 bytes, read fast everywhere, and seen
// everywhere within a minute of being written.
//
//	var sessions = kv.Namespace("SESSIONS")
//
//	err := sessions.Put(ctx, token, session, &kv.PutOptions{ExpirationTTL: time.Hour})
//	found, err := sessions.Get(ctx, token, &session, nil)
//
// Strings, bytes and streams are stored as they are, everything else as JSON. Start with Namespace.
//
// See https://developers.cloudflare.com/kv/api/.
package kv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// NamespaceBinding is a KV namespace. It does no I/O by itself and may be kept in a package-level variable.
type NamespaceBinding struct{ binding string }

// Namespace returns the namespace bound under [[kv_namespaces]] in wrangler.toml.
func Namespace(binding string) NamespaceBinding { return NamespaceBinding{binding} }

// GetOptions change how values are read.
type GetOptions struct {
	// CacheTTL is for how long a place that has read the value may keep it, at least 30 seconds. The zero value is Cloudflare's default, a minute.
	CacheTTL time.Duration
}

// Get stores the value of key in dest and reports whether there is one. dest is a *string or a *[]byte, which get the value as it is, an *io.ReadCloser, which
// reads it as it comes and must be closed, or any other pointer, which the value is decoded into as JSON.
func (n NamespaceBinding) Get(ctx context.Context, key string, dest any, o *GetOptions) (found bool, err error) {
	return n.GetWithMetadata(ctx, key, dest, nil, o)
}

// GetWithMetadata is Get, and decodes what was put beside the value into metadata, a pointer. A value without metadata leaves it alone.
func (n NamespaceBinding) GetWithMetadata(ctx context.Context, key string, dest, metadata any, o *GetOptions) (found bool, err error) {
	stream, streams := dest.(*io.ReadCloser)
	result, content, err := n.call(ctx, "get", nil, abi.Array{key, o.value(), streams})
	if err != nil {
		return false, fmt.Errorf("kv: get %q: %w", key, err)
	}
	entry, ok := result.(abi.Object)
	if !ok {
		return false, nil
	}
	if err = decodeMetadata(entry.Get("metadata"), metadata); err == nil && streams {
		*stream = content
		return true, nil
	}
	defer content.Close()
	if err == nil {
		err = readInto(content, dest)
	}
	if err != nil {
		return false, fmt.Errorf("kv: get %q: %w", key, err)
	}
	return true, nil
}

// Entry is one of several values. Value is text.
type Entry struct {
	Value    string          `json:"value"`
	Metadata json.RawMessage `json:"metadata"` // nil: none
}

// Decode decodes the value as JSON into dest, a pointer.
func (e Entry) Decode(dest any) error { return decodeJSON([]byte(e.Value), dest) }

// GetMany returns the values of up to 100 keys at once, 25 MiB together, as text. Keys that have none are not in the map.
func (n NamespaceBinding) GetMany(ctx context.Context, keys []string, o *GetOptions) (map[string]Entry, error) {
	list := abi.Array{}
	for _, key := range keys {
		list = append(list, key)
	}
	result, _, err := n.call(ctx, "getMany", nil, abi.Array{list, o.value()})
	if err != nil {
		return nil, fmt.Errorf("kv: get %d keys: %w", len(keys), err)
	}
	found, _ := result.(abi.Array)
	entries := make(map[string]Entry, len(found))
	for _, v := range found {
		one, _ := v.(abi.Object)
		key, _ := one.Get("key").(string)
		value, _ := one.Get("value").(string)
		entries[key] = Entry{value, raw(one.Get("metadata"))}
	}
	return entries, nil
}

// PutOptions go with a value.
type PutOptions struct {
	Expiration    time.Time     // when the value goes, in full seconds, at least a minute from now. The zero value: never
	ExpirationTTL time.Duration // how long it stays, in full seconds, at least a minute. It counts when both are set
	Metadata      any           // what JSON can hold, at most 1,024 bytes of it. nil: none
}

// Put stores value under key, in place of what was there with its metadata and expiration. A string and a []byte are stored as they are, what an io.Reader
// has until its end, and anything else as JSON. A key takes one write a second.
func (n NamespaceBinding) Put(ctx context.Context, key string, value any, o *PutOptions) error {
	content, err := contentOf(value)
	if err != nil {
		return fmt.Errorf("kv: put %q: %w", key, err)
	}
	options, err := o.value()
	if err != nil {
		return fmt.Errorf("kv: put %q: metadata: %w", key, err)
	}
	if _, _, err = n.call(ctx, "put", content, abi.Array{key, options}); err != nil {
		return fmt.Errorf("kv: put %q: %w", key, err)
	}
	return nil
}

// Delete removes a value. One that is not there is no error.
func (n NamespaceBinding) Delete(ctx context.Context, key string) error {
	if _, _, err := n.call(ctx, "delete", nil, abi.Array{key}); err != nil {
		return fmt.Errorf("kv: delete %q: %w", key, err)
	}
	return nil
}

// call performs an operation; the reader is nil when the answer has no body.
func (n NamespaceBinding) call(ctx context.Context, method string, body io.Reader, args abi.Array) (abi.Value, io.ReadCloser, error) {
	env, err := guest.Env(ctx)
	if err != nil {
		return nil, nil, err
	}
	if env[n.binding].Kind != "kv" {
		return nil, nil, guest.MissingBinding(ctx, n.binding, "kv", fmt.Sprintf("[[kv_namespaces]]\nbinding = %q\nid = \"…\"", n.binding))
	}
	return guest.KV(ctx, n.binding, method, args, body)
}

func (o *GetOptions) value() abi.Value {
	if o == nil || o.CacheTTL == 0 {
		return abi.Object{}
	}
	return abi.Object{{Name: "cacheTtl", Value: int64(o.CacheTTL / time.Second)}}
}

func (o *PutOptions) value() (abi.Value, error) {
	options := abi.Object{}
	if o == nil {
		return options, nil
	}
	if !o.Expiration.IsZero() {
		options = append(options, abi.Field{Name: "expiration", Value: o.Expiration.Unix()})
	}
	if o.ExpirationTTL != 0 {
		options = append(options, abi.Field{Name: "expirationTtl", Value: int64(o.ExpirationTTL / time.Second)})
	}
	if o.Metadata != nil {
		text, err := encodeJSON(o.Metadata)
		if err != nil {
			return nil, err
		}
		options = append(options, abi.Field{Name: "metadata", Value: string(text)})
	}
	return options, nil
}

func contentOf(value any) (io.Reader, error) {
	switch v := value.(type) {
	case string:
		return strings.NewReader(v), nil
	case []byte:
		return bytes.NewReader(v), nil
	case io.Reader:
		return v, nil
	}
	text, err := encodeJSON(value)
	return bytes.NewReader(text), err
}

// readInto is Get for what is not a stream.
func readInto(content io.Reader, dest any) error {
	all, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	switch d := dest.(type) {
	case *string:
		*d = string(all)
	case *[]byte:
		*d = all
	default:
		return decodeJSON(all, dest)
	}
	return nil
}

func decodeJSON(text []byte, dest any) error {
	if v := reflect.ValueOf(dest); v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("the destination must be a pointer, not %T", dest)
	}
	if err := json.Unmarshal(text, dest); err != nil {
		return fmt.Errorf("the value does not fit %T as JSON: %w", dest, err)
	}
	return nil
}

// encodeJSON writes JSON as JavaScript does: limits count its bytes.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func raw(v abi.Value) json.RawMessage {
	if text, ok := v.(string); ok {
		return json.RawMessage(text)
	}
	return nil
}

func decodeMetadata(v abi.Value, dest any) error {
	text := raw(v)
	if text == nil || dest == nil {
		return nil
	}
	if err := decodeJSON(text, dest); err != nil {
		return errors.Join(errMetadata, err)
	}
	return nil
}

var errMetadata = errors.New("the metadata cannot be decoded")
