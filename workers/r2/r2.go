// Package r2 stores objects of any size in Cloudflare R2 buckets.
//
//	var images = r2.Bucket("IMAGES")
//
//	stored, err := images.Put(ctx, "cat.png", file, &r2.PutOptions{ContentType: "image/png"})
//	object, err := images.Get(ctx, "cat.png", nil) // object.Body is an io.ReadCloser
//
// Keys are at most 1,024 bytes of UTF-8. Start with Bucket.
//
// See https://developers.cloudflare.com/r2/api/workers/workers-api-reference/.
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
	Version  string `json:"version"`
	Size     int64  `json:"size"` // bytes, of the whole object
	ETag     string `json:"etag"`
	HTTPETag string `json:"httpEtag"` // the ETag in quotes, for a response's header

	Uploaded       time.Time         `json:"uploaded"`
	HTTPMetadata   HTTPMetadata      `json:"httpMetadata"`
	CustomMetadata map[string]string `json:"customMetadata"`
	Range          *Range            `json:"range"` // of a Get: the part that Body is
	StorageClass   string            `json:"storageClass"`
	Checksums      Checksums         `json:"checksums"`

	// Body is the content, after a Get whose conditions held; otherwise nil. It must be closed.
	Body io.ReadCloser `json:"-"`
}

// HTTPMetadata are headers that go with the content.
type HTTPMetadata struct {
	ContentType        string    `json:"contentType,omitempty"`
	ContentLanguage    string    `json:"contentLanguage,omitempty"`
	ContentDisposition string    `json:"contentDisposition,omitempty"`
	ContentEncoding    string    `json:"contentEncoding,omitempty"`
	CacheControl       string    `json:"cacheControl,omitempty"`
	CacheExpiry        time.Time `json:"cacheExpiry,omitempty"`
}

// WriteTo sets the headers that m has.
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

// Range is a part of an object. Either Suffix, the number of last bytes, or Offset and Length; Length 0 is up to the end.
type Range struct {
	Offset int64 `json:"offset,omitempty"`
	Length int64 `json:"length,omitempty"`
	Suffix int64 `json:"suffix,omitempty"`
}

// Checksums are those that the object was stored with; MD5 is always there but for multipart uploads.
type Checksums struct {
	MD5    []byte `json:"md5"`
	SHA1   []byte `json:"sha1"`
	SHA256 []byte `json:"sha256"`
	SHA384 []byte `json:"sha384"`
	SHA512 []byte `json:"sha512"`
}

// Conditions must all hold for an operation to take place.
type Conditions struct {
	ETagMatches      string    `json:"etagMatches,omitempty"`
	ETagDoesNotMatch string    `json:"etagDoesNotMatch,omitempty"`
	UploadedBefore   time.Time `json:"uploadedBefore,omitempty"`
	UploadedAfter    time.Time `json:"uploadedAfter,omitempty"`
}

// GetOptions change what Get returns.
type GetOptions struct {
	OnlyIf *Conditions `json:"onlyIf,omitempty"`
	Range  *Range      `json:"range,omitempty"`
}

// PutOptions describe what Put stores. A checksum that does not fit the content is an error, and nothing is stored.
type PutOptions struct {
	OnlyIf         *Conditions
	HTTPMetadata   HTTPMetadata
	CustomMetadata map[string]string // together with HTTPMetadata at most 8,192 bytes
	MD5, SHA256    []byte
	StorageClass   string // "Standard" or "InfrequentAccess"; "": as the bucket is configured
}

// ErrPrecondition is returned by Put when its conditions did not hold.
var ErrPrecondition = errors.New("r2: a condition of the request did not hold")

// Head returns what is known of an object, or nil if there is none.
func (b BucketBinding) Head(ctx context.Context, key string) (*Object, error) {
	return b.one(ctx, "head", key, nil, abi.Array{key})
}

// Get returns an object, or nil if there is none. When a condition does not hold, the object has no Body.
func (b BucketBinding) Get(ctx context.Context, key string, o *GetOptions) (*Object, error) {
	options, err := valueOf(o)
	if err != nil {
		return nil, err
	}
	return b.one(ctx, "get", key, nil, abi.Array{key, options})
}

// Put stores the content under key, in place of what was there, and returns what is known of it then. The length of body need not be known:
// it is a *bytes.Reader or *strings.Reader, something with a Len method, or it is read into memory first, for R2 takes no content of
// unknown length; use CreateMultipartUpload for large ones.
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
	_, _, err := b.call(ctx, "delete", nil, abi.Array{list})
	return err
}

// ListOptions select objects. Empty fields do not restrict.
type ListOptions struct {
	Prefix     string   `json:"prefix,omitempty"`
	Cursor     string   `json:"cursor,omitempty"` // of the List before
	Delimiter  string   `json:"delimiter,omitempty"`
	StartAfter string   `json:"startAfter,omitempty"`
	Limit      int      `json:"limit,omitempty"`   // at most 1,000, which is the default
	Include    []string `json:"include,omitempty"` // "httpMetadata", "customMetadata"
}

// Listing is a page of a bucket, in the order of the keys' bytes.
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
	return l, err
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

// valueOf turns options into the structured value of their JavaScript form, nil into undefined.
func valueOf[T any](o *T) (abi.Value, error) {
	if o == nil {
		return abi.Undefined{}, nil
	}
	var w abi.Writer
	if err := codec.Marshal(&w, o); err != nil {
		return nil, fmt.Errorf("r2: options: %w", err)
	}
	r := abi.NewReader(w.Bytes())
	return r.Value(), r.Err()
}

func putOptions(o *PutOptions) (abi.Value, error) {
	if o == nil {
		return abi.Undefined{}, nil
	}
	type put struct {
		OnlyIf         *Conditions       `json:"onlyIf,omitempty"`
		HTTPMetadata   HTTPMetadata      `json:"httpMetadata"`
		CustomMetadata map[string]string `json:"customMetadata,omitempty"`
		MD5            []byte            `json:"md5,omitempty"`
		SHA256         []byte            `json:"sha256,omitempty"`
		StorageClass   string            `json:"storageClass,omitempty"`
	}
	return valueOf(&put{o.OnlyIf, o.HTTPMetadata, o.CustomMetadata, o.MD5, o.SHA256, o.StorageClass})
}

// Upload is a multipart upload under way, for content that is large or of unknown length. Each part but the last has the same size, at least
// 5 MiB; there are at most 10,000.
type Upload struct {
	bucket   BucketBinding
	Key      string `json:"key"`
	UploadID string `json:"uploadId"`
}

// Part is a part that was uploaded.
type Part struct {
	PartNumber int    `json:"partNumber"`
	ETag       string `json:"etag"`
}

// CreateMultipartUpload begins an upload. OnlyIf and checksums do not apply.
func (b BucketBinding) CreateMultipartUpload(ctx context.Context, key string, o *PutOptions) (*Upload, error) {
	options, err := putOptions(o)
	if err != nil {
		return nil, err
	}
	result, _, err := b.call(ctx, "createMultipartUpload", nil, abi.Array{key, options})
	if err != nil {
		return nil, fmt.Errorf("r2: create upload of %q: %w", key, err)
	}
	var u Upload
	if err := codec.Assign(result, &u); err != nil {
		return nil, fmt.Errorf("r2: create upload of %q: %w", key, err)
	}
	u.bucket = b
	return &u, nil
}

// ResumeMultipartUpload returns an upload that was begun before. It does no I/O, and does not find out whether there is one.
func (b BucketBinding) ResumeMultipartUpload(key, uploadID string) *Upload {
	return &Upload{bucket: b, Key: key, UploadID: uploadID}
}

// UploadPart uploads a part. number counts from 1.
func (u *Upload) UploadPart(ctx context.Context, number int, body io.Reader) (Part, error) {
	result, _, err := u.bucket.call(ctx, "uploadPart", body, abi.Array{u.Key, u.UploadID, int64(number)})
	if err != nil {
		return Part{}, fmt.Errorf("r2: part %d of %q: %w", number, u.Key, err)
	}
	var p Part
	return p, codec.Assign(result, &p)
}

// Complete makes the parts the content of the object.
func (u *Upload) Complete(ctx context.Context, parts []Part) (*Object, error) {
	list := abi.Array{}
	for _, p := range parts {
		list = append(list, abi.Object{{Name: "partNumber", Value: int64(p.PartNumber)}, {Name: "etag", Value: p.ETag}})
	}
	return u.bucket.one(ctx, "complete", u.Key, nil, abi.Array{u.Key, u.UploadID, list})
}

// Abort drops the upload with its parts.
func (u *Upload) Abort(ctx context.Context) error {
	_, _, err := u.bucket.call(ctx, "abort", nil, abi.Array{u.Key, u.UploadID})
	return err
}
