// Package r2 reaches R2 buckets with the names, signatures and behaviour of github.com/syumai/workers/cloudflare/r2. It works for the event of the goroutine that calls
// it. Start with NewBucket.
//
// New code is better served by grove.place/lattice/workers/r2, which has ranges, conditions, multipart uploads and lists with options.
package r2

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/workers/r2"
)

// Bucket is a bucket. It may be kept in a package-level variable.
type Bucket struct{ bucket r2.BucketBinding }

// NewBucket returns the bucket of that binding. It is an error when there is no such binding.
func NewBucket(varName string) (*Bucket, error) {
	if err := ambient.Bound(varName); err != nil {
		return nil, err
	}
	return &Bucket{r2.Bucket(varName)}, nil
}

// HTTPMetadata is what R2 keeps for the headers of a response.
type HTTPMetadata struct {
	ContentType        string
	ContentLanguage    string
	ContentDisposition string
	ContentEncoding    string
	CacheControl       string
	CacheExpiry        time.Time
}

// PutOptions describe what Put stores.
type PutOptions struct {
	HTTPMetadata   HTTPMetadata
	CustomMetadata map[string]string
	MD5            string // hexadecimal; what does not have that sum is not stored
}

func (o *PutOptions) options() (*r2.PutOptions, error) {
	if o == nil {
		return nil, nil
	}
	sum, err := hex.DecodeString(o.MD5)
	if err != nil {
		return nil, fmt.Errorf("r2: MD5 is not hexadecimal: %w", err)
	}
	options := &r2.PutOptions{HTTPMetadata: r2.HTTPMetadata(o.HTTPMetadata), CustomMetadata: o.CustomMetadata}
	if len(sum) > 0 {
		options.MD5 = sum
	}
	return options, nil
}

// Object is a stored object.
type Object struct {
	Key            string
	Version        string
	Size           int
	ETag           string
	HTTPETag       string
	Uploaded       time.Time
	HTTPMetadata   HTTPMetadata
	CustomMetadata map[string]string
	Body           io.Reader // after Get; otherwise nil
}

// body notes that somebody has read it.
type body struct {
	io.ReadCloser
	used bool
}

func (b *body) Read(p []byte) (int, error) {
	b.used = true
	return b.ReadCloser.Read(p)
}

// BodyUsed reports whether the Body has been read. It is an error for an object without one.
func (o *Object) BodyUsed() (bool, error) {
	b, ok := o.Body.(*body)
	if !ok {
		return false, errors.New("bodyUsed doesn't exist for this Object")
	}
	return b.used, nil
}

func objectOf(o *r2.Object) *Object {
	if o == nil {
		return nil
	}
	out := &Object{
		Key: o.Key, Version: o.Version, Size: int(o.Size), ETag: o.ETag, HTTPETag: o.HTTPETag, Uploaded: o.Uploaded,
		HTTPMetadata: HTTPMetadata(o.HTTPMetadata), CustomMetadata: o.CustomMetadata,
	}
	if out.CustomMetadata == nil {
		out.CustomMetadata = map[string]string{}
	}
	if o.Body != nil {
		out.Body = &body{ReadCloser: o.Body}
	}
	return out
}

// Head returns what is known of an object, or nil if there is none.
func (b *Bucket) Head(key string) (*Object, error) {
	return b.object(func(ctx context.Context) (*r2.Object, error) { return b.bucket.Head(ctx, key) })
}

// Get returns an object, or nil if there is none.
func (b *Bucket) Get(key string) (*Object, error) {
	return b.object(func(ctx context.Context) (*r2.Object, error) { return b.bucket.Get(ctx, key, nil) })
}

// Put stores what value has until its end, and closes it. All of it is in memory for a while.
func (b *Bucket) Put(key string, value io.ReadCloser, opts *PutOptions) (*Object, error) {
	options, err := opts.options()
	if err != nil {
		return nil, err
	}
	defer value.Close()
	return b.object(func(ctx context.Context) (*r2.Object, error) { return b.bucket.Put(ctx, key, value, options) })
}

func (b *Bucket) object(f func(ctx context.Context) (*r2.Object, error)) (o *Object, err error) {
	err = ambient.Do(func(ctx context.Context) error {
		found, err := f(ctx)
		o = objectOf(found)
		return err
	})
	return o, err
}

// Delete removes an object. One that is not there is no error.
func (b *Bucket) Delete(key string) error {
	return ambient.Do(func(ctx context.Context) error { return b.bucket.Delete(ctx, key) })
}

// Objects is what List returns.
type Objects struct {
	Objects           []*Object
	Truncated         bool
	Cursor            string // empty: there is no next page
	DelimitedPrefixes []string
}

// List returns the first page of the bucket.
func (b *Bucket) List() (*Objects, error) {
	var page r2.Listing
	err := ambient.Do(func(ctx context.Context) (err error) {
		page, err = b.bucket.List(ctx, r2.ListOptions{})
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &Objects{Objects: []*Object{}, Truncated: page.Truncated, Cursor: page.Cursor, DelimitedPrefixes: page.DelimitedPrefixes}
	for i := range page.Objects {
		out.Objects = append(out.Objects, objectOf(&page.Objects[i]))
	}
	return out, nil
}
