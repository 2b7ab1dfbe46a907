// Package r2 stores objects of any size in Cloudflare R2 buckets.
//
//	var images = r2.Bucket("IMAGES")
//
//	stored, err := images.Put(ctx, "cat.png", file, &r2.PutOptions{ContentType: "image/png"})
//	object, err := images.Get(ctx, "cat.png", nil) // object.Body is an io.ReadCloser
//
// Keys are at most 1,024 bytes of UTF-8; an object is at most 5 GiB, or 5 TiB in parts. Start with Bucket.
//
// Errors are *workers.Error with R2's text, which ends with its number: "put: The specified object name is not valid. (10020)". What is not there is
// no error but nil.
//
// See https://developers.cloudflare.com/r2/api/workers/workers-api-reference/ and https://developers.cloudflare.com/r2/platform/limits/.
package r2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
)

// BucketBinding is a bucket. It does no I/O by itself and may be kept in a package-level variable.
type BucketBinding struct{ binding string }

// Bucket returns the bucket bound under [[r2_buckets]] in wrangler.toml.
func Bucket(binding string) BucketBinding { return BucketBinding{binding} }

// Object describes a stored object.
type Object struct {
	Key      string `json:"key"`
	Version  string `json:"version"`  // another with each upload under the key
	Size     int64  `json:"size"`     // bytes, of the whole object
	ETag     string `json:"etag"`     // of the content, without quotes
	HTTPETag string `json:"httpEtag"` // the ETag in quotes, for a response's header

	Uploaded       time.Time         `json:"uploaded"`
	HTTPMetadata   HTTPMetadata      `json:"httpMetadata"`
	CustomMetadata map[string]string `json:"customMetadata"`
	Range          *Range            `json:"range"`        // of a Get: the part that Body is
	StorageClass   string            `json:"storageClass"` // empty in wrangler dev
	SSECKeyMD5     string            `json:"ssecKeyMd5"`   // of the customer's key that the object is encrypted with
	Checksums      Checksums         `json:"checksums"`

	// Body is the content, after a Get whose conditions held; otherwise nil. It must be closed. Put takes it as it is, without having it in memory.
	Body io.ReadCloser `json:"-"`
}

// HTTPMetadata are headers that go with the content.
type HTTPMetadata struct {
	ContentType        string    `json:"contentType,omitempty"`
	ContentLanguage    string    `json:"contentLanguage,omitempty"`
	ContentDisposition string    `json:"contentDisposition,omitempty"`
	ContentEncoding    string    `json:"contentEncoding,omitempty"`
	CacheControl       string    `json:"cacheControl,omitempty"`
	CacheExpiry        time.Time `json:"cacheExpiry,omitzero"`
}

// HTTPMetadataOf takes the metadata out of the headers of a request or a response: Content-Type, Content-Language, Content-Disposition,
// Content-Encoding, Cache-Control and Expires.
func HTTPMetadataOf(h http.Header) HTTPMetadata {
	expires, _ := http.ParseTime(h.Get("Expires"))
	return HTTPMetadata{
		ContentType: h.Get("Content-Type"), ContentLanguage: h.Get("Content-Language"), ContentDisposition: h.Get("Content-Disposition"),
		ContentEncoding: h.Get("Content-Encoding"), CacheControl: h.Get("Cache-Control"), CacheExpiry: expires,
	}
}

// WriteTo sets the headers that m has, as writeHttpMetadata of JavaScript does.
func (m HTTPMetadata) WriteTo(h http.Header) {
	for name, value := range map[string]string{
		"Content-Type": m.ContentType, "Content-Language": m.ContentLanguage, "Content-Disposition": m.ContentDisposition,
		"Content-Encoding": m.ContentEncoding, "Cache-Control": m.CacheControl,
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	if !m.CacheExpiry.IsZero() {
		h.Set("Expires", m.CacheExpiry.UTC().Format(http.TimeFormat))
	}
}

// Checksums are those that the object was stored with, in PutOptions; MD5 is always there but for multipart uploads.
type Checksums struct {
	MD5    []byte `json:"md5"`
	SHA1   []byte `json:"sha1"`
	SHA256 []byte `json:"sha256"`
	SHA384 []byte `json:"sha384"`
	SHA512 []byte `json:"sha512"`
}

// ErrPrecondition is returned by Put when its conditions did not hold.
var ErrPrecondition = errors.New("r2: a condition of the request did not hold")

// Head returns what is known of an object, or nil if there is none.
func (b BucketBinding) Head(ctx context.Context, key string) (*Object, error) {
	return b.one(ctx, "head", key, nil, abi.Array{key})
}

// Get returns an object, or nil if there is none. When a condition does not hold, the object has no Body.
func (b BucketBinding) Get(ctx context.Context, key string, o *GetOptions) (*Object, error) {
	options, err := o.value()
	if err != nil {
		return nil, err
	}
	return b.one(ctx, "get", key, nil, abi.Array{key, options})
}

// Put stores the content under key, in place of what was there, and returns what is known of it then. R2 takes no content of unknown length: a body
// with a Len method streams (a *bytes.Reader, the Body of an Object, that of a request with a Content-Length, what Sized returns), another one is read
// into memory first, up to 30 MB. Use Sized for one whose length you know, CreateMultipartUpload for a large one of unknown length.
//
// When a condition does not hold, nothing is stored and the error is ErrPrecondition.
func (b BucketBinding) Put(ctx context.Context, key string, body io.Reader, o *PutOptions) (*Object, error) {
	options, err := putOptions(o)
	if err != nil {
		return nil, err
	}
	object, err := b.one(ctx, "put", key, body, abi.Array{key, options})
	if err == nil && object == nil {
		return nil, ErrPrecondition
	}
	return object, err
}

// Delete removes objects, at most 1,000 of them. Those that are not there are no error.
func (b BucketBinding) Delete(ctx context.Context, keys ...string) error {
	list := abi.Array{}
	for _, key := range keys {
		list = append(list, key)
	}
	if _, _, err := b.call(ctx, "delete", nil, abi.Array{list}); err != nil {
		return fmt.Errorf("r2: delete %d objects: %w", len(keys), err)
	}
	return nil
}

// ListOptions select objects. Empty fields do not restrict.
type ListOptions struct {
	Prefix     string   `json:"prefix,omitempty"`
	Cursor     string   `json:"cursor,omitempty"`     // of the List before
	Delimiter  string   `json:"delimiter,omitempty"`  // keys that have it after the prefix are one of DelimitedPrefixes: "/" lists a folder
	StartAfter string   `json:"startAfter,omitempty"` // a key; those after it are listed
	Limit      int      `json:"limit,omitempty"`      // at most 1,000, which is the default
	Include    []string `json:"include,omitempty"`    // "httpMetadata", "customMetadata": which to have, in shorter pages; else objects have none
}

// Listing is a page of a bucket, in the order of the keys' bytes. It may be shorter than the limit: look at Truncated.
type Listing struct {
	Objects           []Object `json:"objects"`
	Truncated         bool     `json:"truncated"`
	Cursor            string   `json:"cursor"` // of the next page, when Truncated
	DelimitedPrefixes []string `json:"delimitedPrefixes"`
}

// List returns a page of the bucket.
func (b BucketBinding) List(ctx context.Context, o ListOptions) (Listing, error) {
	options, err := valueOf(&o)
	if err != nil {
		return Listing{}, err
	}
	var l Listing
	result, _, err := b.call(ctx, "list", nil, abi.Array{options})
	if err == nil {
		err = codec.Assign(result, &l)
	}
	if err != nil {
		return l, fmt.Errorf("r2: %w", err)
	}
	return l, nil
}

// one calls a method whose answer is an object or nothing.
func (b BucketBinding) one(ctx context.Context, method, key string, body io.Reader, args abi.Array) (*Object, error) {
	result, content, err := b.call(ctx, method, body, args)
	if err != nil {
		return nil, fmt.Errorf("r2: %s %q: %w", method, key, err)
	}
	if result == nil {
		return nil, nil
	}
	o := &Object{}
	if err := codec.Assign(result, o); err != nil {
		return nil, fmt.Errorf("r2: %s %q: %w", method, key, err)
	}
	o.Body = content
	return o, nil
}

// call performs an operation; the reader is nil when the answer has no body.
func (b BucketBinding) call(ctx context.Context, method string, body io.Reader, args abi.Array) (abi.Value, io.ReadCloser, error) {
	if err := b.check(ctx); err != nil {
		return nil, nil, err
	}
	return guest.R2(ctx, b.binding, method, args, body)
}

func (b BucketBinding) check(ctx context.Context) error {
	env, err := guest.Env(ctx)
	if err != nil {
		return err
	}
	if env[b.binding].Kind == "r2" {
		return nil
	}
	return guest.MissingBinding(ctx, b.binding, "r2", fmt.Sprintf("[[r2_buckets]]\nbinding = %q\nbucket_name = \"my-bucket\"", b.binding))
}
