package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/cloudflare"
	local "grove.place/lattice/local-runtime"
)

// remoteR2 is a bucket of the account. The REST API tells metadata in lists alone, so that getting an object takes two requests.
type remoteR2 struct {
	remote
	cloudflare.R2Place
}

// bucketTries is how often an object is asked for that changes meanwhile, or breaks off while it is short.
const bucketTries = 3

// find returns what the account knows of an object, or nil.
func (r *remoteR2) find(key string) (*cloudflare.R2Object, error) {
	ctx, stop := r.within(0)
	defer stop()
	page, err := r.client.Objects(ctx, r.R2Place, cloudflare.R2List{Prefix: key, Limit: 1}) // the key itself comes before those that begin with it
	if err != nil {
		return nil, r.refused(err)
	}
	if key == "" || len(page.Objects) == 0 || page.Objects[0].Key != key {
		return nil, nil
	}
	return &page.Objects[0], nil
}

// refused is an error that names the binding, and the bucket when it is that what is missing.
func (r *remoteR2) refused(err error) error {
	if cloudflare.IsNoBucket(err) {
		err = noBucket(r.Bucket)
	}
	return r.failed(err)
}

// cannot is the error for what the REST API has no way for.
func (r *remoteR2) cannot(what string) error {
	return r.failed(fmt.Errorf("%s cannot be had through Cloudflare's REST API, which lattice dev uses: do without, or keep the bucket on this machine with lattice dev --local", what))
}

// Head implements local.R2Store.
func (r *remoteR2) Head(key string) (*local.R2Object, error) {
	o, err := r.find(key)
	if err != nil || o == nil {
		return nil, err
	}
	return describe(o), nil
}

// Get implements local.R2Store.
func (r *remoteR2) Get(key string, secret []byte, choose func(o *local.R2Object) (offset, length int64, take bool, err error)) (*local.R2Object, io.ReadCloser, error) {
	if len(secret) > 0 {
		return nil, nil, r.cannot("an object that is encrypted with a key of yours")
	}
	for try := 1; ; try++ {
		found, err := r.find(key)
		if err != nil || found == nil {
			return nil, nil, err
		}
		if found.Encrypted {
			return nil, nil, r.cannot("an object that is encrypted with a key of yours")
		}
		o := describe(found)
		offset, length, take, err := choose(o)
		if err != nil || !take {
			return o, nil, err
		}
		body, err := r.open(found, offset, length)
		if errors.Is(err, errChanged) && try < bucketTries {
			continue
		}
		return o, body, r.refused(err)
	}
}

var errChanged = errors.New("the object changed, or broke off, each time it was read: try again")

// open reads a part of an object: what is short at once, so that it can be asked for again, and the rest as it is needed.
func (r *remoteR2) open(o *cloudflare.R2Object, offset, length int64) (io.ReadCloser, error) {
	if length == 0 {
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	body, err := r.stream(o, offset, length)
	if err != nil {
		return nil, err
	}
	if length > mostHeld {
		return body, nil
	}
	defer body.Close()
	all, err := io.ReadAll(body)
	if err != nil {
		return nil, errChanged
	}
	return io.NopCloser(bytes.NewReader(all)), nil
}

// stream is a part of an object as it comes. It fails with errChanged when the object is not the one that was found.
func (r *remoteR2) stream(o *cloudflare.R2Object, offset, length int64) (*remoteContent, error) {
	end := offset + length
	if length == o.Size {
		end = 0
	}
	ctx, stop := context.WithCancel(r.ctx)
	late := time.AfterFunc(remoteTime, stop)
	content, err := r.client.OpenObject(ctx, r.R2Place, o.Key, o.HTTP.ContentEncoding, offset, end)
	if !late.Stop() && err != nil {
		err = context.DeadlineExceeded
	}
	if cloudflare.IsNoObject(err) {
		err = errChanged
	}
	if err != nil {
		stop()
		return nil, err
	}
	body := &remoteContent{r, content, stop, o.Key, length}
	if content.ETag != "" && content.ETag != o.ETag {
		body.Close()
		return nil, errChanged
	}
	if end > 0 && !content.Part { // the API has ignored the range
		if _, err := io.CopyN(io.Discard, content, offset); err != nil {
			body.Close()
			return nil, errChanged
		}
	}
	return body, nil
}

// remoteContent is so much content of an object, as it comes.
type remoteContent struct {
	r     *remoteR2
	from  io.ReadCloser
	close func()
	key   string
	left  int64
}

func (c *remoteContent) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.from.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err == nil || err == io.EOF && c.left == 0 {
		return n, nil
	}
	return n, c.r.failed(fmt.Errorf("the content of %q broke off with %d bytes to come: get it again", c.key, c.left))
}

func (c *remoteContent) Close() error {
	c.close()
	return c.from.Close()
}

// Put implements local.R2Store. The content is kept until it has been sent.
func (r *remoteR2) Put(key string, content io.Reader, o local.R2PutOptions) (*local.R2Object, error) {
	custom, _ := o.Custom.(abi.Object)
	switch {
	case !o.OnlyIf.Empty():
		return nil, r.cannot("a put with a condition")
	case len(custom) > 0:
		return nil, r.cannot("a put with customMetadata")
	case len(o.Secret) > 0:
		return nil, r.cannot("a put that encrypts with a key of yours")
	}
	held := &spool{}
	defer held.Close()
	size, sums, err := local.R2Summed(held, content, o)
	if errors.Is(err, errObjectSize) {
		err = r.failed(err)
	}
	if err != nil {
		return nil, err
	}
	ctx, stop := r.within(size)
	defer stop()
	stored, err := r.client.PutObject(ctx, r.R2Place, key, held.content(), headersOf(o))
	if err != nil {
		return nil, r.refused(err)
	}
	return &local.R2Object{Key: key, Version: stored.Version, ETag: stored.ETag, Size: size, Uploaded: abi.DateOf(stored.Uploaded.Time), HTTPMetadata: o.HTTP, Custom: abi.Object{}, Sums: sums, StorageClass: stored.StorageClass}, nil
}

// headersOf are the headers that say how an object is stored.
func headersOf(o local.R2PutOptions) http.Header {
	h := http.Header{}
	metadata, _ := o.HTTP.(abi.Object)
	for field, name := range map[string]string{
		"contentType": "Content-Type", "contentLanguage": "Content-Language", "contentDisposition": "Content-Disposition", "contentEncoding": "Content-Encoding", "cacheControl": "Cache-Control",
	} {
		if text, _ := metadata.Get(field).(string); text != "" {
			h.Set(name, text)
		}
	}
	if at, is := metadata.Get("cacheExpiry").(abi.Date); is {
		h.Set("Expires", at.Time().UTC().Format(http.TimeFormat))
	}
	if o.StorageClass != "" {
		h.Set("cf-r2-storage-class", o.StorageClass)
	}
	return h
}

// Delete implements local.R2Store. Each object takes a request.
func (r *remoteR2) Delete(keys []string) error {
	for n, key := range keys {
		ctx, stop := r.within(0)
		err := r.client.DeleteObject(ctx, r.R2Place, key)
		stop()
		if err != nil && n > 0 {
			err = fmt.Errorf("%w; %d of the %d objects are deleted", err, n, len(keys))
		}
		if err != nil {
			return r.refused(err)
		}
	}
	return nil
}

// List implements local.R2Store.
func (r *remoteR2) List(o local.R2ListOptions, cursor string) (l local.R2Listing, next string, err error) {
	ctx, stop := r.within(0)
	defer stop()
	page, err := r.client.Objects(ctx, r.R2Place, cloudflare.R2List{Prefix: o.Prefix, StartAfter: o.StartAfter, Delimiter: o.Delimiter, Cursor: cursor, Limit: o.Limit})
	if err != nil {
		return l, "", r.refused(err)
	}
	for i := range page.Objects {
		l.Objects = append(l.Objects, describe(&page.Objects[i]))
	}
	l.Prefixes = page.Prefixes
	return l, page.Cursor, nil
}

// describe is an object as the host knows it.
func describe(o *cloudflare.R2Object) *local.R2Object {
	metadata, custom, sums := abi.Object{}, abi.Object{}, abi.Object{}
	for _, f := range []struct{ name, value string }{
		{"contentType", o.HTTP.ContentType}, {"contentLanguage", o.HTTP.ContentLanguage}, {"contentDisposition", o.HTTP.ContentDisposition},
		{"contentEncoding", o.HTTP.ContentEncoding}, {"cacheControl", o.HTTP.CacheControl},
	} {
		if f.value != "" {
			metadata = append(metadata, abi.Field{Name: f.name, Value: f.value})
		}
	}
	if !o.HTTP.CacheExpiry.IsZero() {
		metadata = append(metadata, abi.Field{Name: "cacheExpiry", Value: abi.DateOf(o.HTTP.CacheExpiry.Time)})
	}
	for _, name := range slices.Sorted(maps.Keys(o.Custom)) {
		custom = append(custom, abi.Field{Name: name, Value: o.Custom[name]})
	}
	if sum, err := hex.DecodeString(o.ETag); err == nil && len(sum) == 16 { // that of an upload in parts is none
		sums = append(sums, abi.Field{Name: "md5", Value: abi.ArrayBuffer(sum)})
	}
	return &local.R2Object{Key: o.Key, ETag: o.ETag, Size: o.Size, Uploaded: abi.DateOf(o.Modified.Time), HTTPMetadata: metadata, Custom: custom, Sums: sums, StorageClass: o.StorageClass}
}

const inParts = "an upload in parts"

// CreateUpload implements local.R2Store.
func (r *remoteR2) CreateUpload(string, local.R2PutOptions) (string, error) {
	return "", r.cannot(inParts)
}

// UploadPart implements local.R2Store.
func (r *remoteR2) UploadPart(string, string, int, io.Reader) (string, error) {
	return "", r.cannot(inParts)
}

// CompleteUpload implements local.R2Store.
func (r *remoteR2) CompleteUpload(string, string, []local.R2Part, abi.Date) (*local.R2Object, error) {
	return nil, r.cannot(inParts)
}

// AbortUpload implements local.R2Store.
func (r *remoteR2) AbortUpload(string, string) error { return r.cannot(inParts) }
