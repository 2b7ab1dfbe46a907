package host

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage"
)

// openBuckets opens every bucket that is bound. Bindings of one name share a bucket.
func (h *Host) openBuckets() error {
	for binding, name := range h.cfg.Buckets {
		if h.cfg.RemoteR2[binding] != nil {
			continue
		}
		if !safeName.MatchString(name) {
			return fmt.Errorf("R2 binding %s: %q is not a name for a bucket: use letters, digits and -", binding, name)
		}
		if h.buckets[name] != nil {
			continue
		}
		b, err := opened(&h.stores, h.stores.buckets, name, func() (*storage.Bucket, error) {
			return storage.OpenBucket(filepath.Join(h.dir, "r2", name), h.random.read)
		})
		if err != nil {
			return fmt.Errorf("R2 bucket %s: %w", name, err)
		}
		h.buckets[name] = folderBucket{b}
	}
	return nil
}

// r2Call is a decoded R2 operation.
type r2Call struct {
	host   *Host
	bucket R2Store
	method string
	args   arguments
	body   content
	says   int64 // how long the body is that streams; -1: it does not
	now    abi.Date
}

// r2 is a storedCall.
func (h *Host) r2(r *abi.Reader, from *streams, done func(result abi.Value, body content, err error)) (perform func(), err error) {
	c := r2Call{host: h, now: abi.DateOf(h.cfg.Clock.Now())}
	binding := r.Str()
	c.method, c.args = r.Str(), r.Values()
	body := r.Body()
	if err := r.End(); err != nil {
		return nil, err
	}
	c.bucket = h.bucketOf(binding)
	if c.bucket == nil {
		return nil, abi.TypeErrorf("there is no R2 binding %q: add it to [[r2_buckets]] in wrangler.toml", binding)
	}
	do := r2Methods[c.method]
	if do == nil {
		return nil, abi.Errorf("unknown method of R2 %q", c.method)
	}
	c.body = from.accept(body)
	struck := h.faults.meet(target{kind: R2Calls, name: binding, method: r2Names[c.method], keys: c.args.keys()})
	struck.err = named(r2Names[c.method]+": ", struck.err)
	done = struck.losing(done)
	return h.suffering(struck, &c.body, h.performR2(&c, do, done), func(err error) { done(nil, noContent, err) }), nil
}

// performR2 is what performs a decoded operation.
func (h *Host) performR2(c *r2Call, do r2Method, done func(result abi.Value, body content, err error)) func() {
	finish := func() {
		result, body, err := do(c)
		var thrown *abi.Error
		if err != nil && !errors.As(err, &thrown) {
			err = abi.Errorf("%s: %s", r2Names[c.method], err)
		}
		done(result, body, err)
	}
	c.says = -1
	if c.body.source != nil {
		c.says = c.body.length
		if c.says < 0 {
			return func() { h.store(finish) } // it refuses, without reading
		}
	}
	return h.storingOf(&c.body, finish, func(err error) { done(nil, noContent, err) })
}

type r2Method func(c *r2Call) (abi.Value, content, error)

var r2Methods = map[string]r2Method{
	"head": r2Head, "get": r2Get, "put": r2Put, "delete": r2Delete, "list": r2List,
	"createMultipartUpload": r2Create, "uploadPart": r2UploadPart, "complete": r2Complete, "abort": r2Abort,
}

// r2Names are the names that errors give to methods.
var r2Names = map[string]string{
	"head": "head", "get": "get", "put": "put", "delete": "delete", "list": "list", "createMultipartUpload": "createMultipartUpload",
	"uploadPart": "uploadPart", "complete": "completeMultipartUpload", "abort": "abortMultipartUpload",
}

// content is what a put or a part stores.
func (c *r2Call) content() (io.Reader, error) {
	r := c.body.reader()
	switch {
	case r == nil:
		return bytes.NewReader(nil), nil
	case c.says >= 0:
		return &exactly{r, c.says}, nil
	case c.body.source != nil:
		return nil, abi.TypeErrorf("Provided readable stream must have a known length (request/response body or readable half of FixedLengthStream)")
	}
	return r, nil
}

// exactly is a reader of as many bytes as were announced, as a FixedLengthStream is.
type exactly struct {
	from io.Reader
	left int64
}

func (r *exactly) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, abi.TypeErrorf("Attempt to write too many bytes through a FixedLengthStream.")
	}
	if err == io.EOF && r.left > 0 {
		return 0, abi.TypeErrorf("FixedLengthStream did not see all expected bytes before close().")
	}
	return n, err
}

func r2Head(c *r2Call) (abi.Value, content, error) {
	o, err := c.bucket.Head(c.args.text(0))
	if err != nil || o == nil {
		return nil, noContent, err
	}
	return describeObject(o, partValue(0, o.Size)), noContent, nil
}

func r2Get(c *r2Call) (abi.Value, content, error) {
	options := c.args.object(1)
	onlyIf, err := storage.ConditionsOf(options.Get("onlyIf"))
	if err != nil {
		return nil, noContent, err
	}
	asked, err := storage.RangeOf(options.Get("range"))
	if err == nil {
		err = checkCustomerKey(options)
	}
	if err != nil {
		return nil, noContent, err
	}
	var offset, length int64
	var whole bool
	secret, _ := bytesOf(options.Get("ssecKey"))
	o, body, err := c.bucket.Get(c.args.text(0), secret, func(o *storage.Stored) (_, _ int64, take bool, err error) {
		if !onlyIf.Hold(o) {
			return 0, 0, false, nil
		}
		offset, length, whole, err = asked.Of(o.Size)
		return offset, length, true, err
	})
	switch {
	case err != nil || o == nil:
		return nil, noContent, err
	case body == nil:
		return describeObject(o, partValue(0, o.Size)), noContent, nil
	}
	var part abi.Value = partValue(offset, length)
	if whole && o.Size == 0 {
		part = nil
	}
	if length == 0 {
		return describeObject(o, part), content{inline: []byte{}}, body.Close()
	}
	answer, err := c.host.bodyOf(body, length)
	return describeObject(o, part), answer, err
}

func partValue(offset, length int64) abi.Object {
	return abi.Object{{Name: "offset", Value: offset}, {Name: "length", Value: length}}
}

// putOptions reads the options of put and createMultipartUpload, and refuses what workerd refuses, in its words.
func putOptions(o abi.Object, now abi.Date) (put storage.PutOptions, err error) {
	put = storage.PutOptions{HTTP: abi.Object{}, Custom: abi.Object{}, Sums: map[string][]byte{}, Now: now}
	if put.OnlyIf, err = storage.ConditionsOf(o.Get("onlyIf")); err != nil {
		return put, err
	}
	if http, ok := o.Get("httpMetadata").(abi.Object); ok {
		put.HTTP = http
	}
	if custom, ok := o.Get("customMetadata").(abi.Object); ok {
		put.Custom = custom
	}
	if class, ok := o.Get("storageClass").(string); ok && class != "" {
		put.StorageClass = class
	}
	for _, sum := range []struct {
		field, name string
		size        int
	}{{"md5", "MD5", 16}, {"sha1", "SHA-1", 20}, {"sha256", "SHA-256", 32}, {"sha384", "SHA-384", 48}, {"sha512", "SHA-512", 64}} {
		given, ok := bytesOf(o.Get(sum.field))
		switch {
		case !ok:
			continue
		case len(put.Sums) > 0:
			return put, abi.TypeErrorf("You cannot specify multiple hashing algorithms.")
		case len(given) != sum.size:
			return put, abi.TypeErrorf("%s is %d bytes, not %d", sum.name, sum.size, len(given))
		}
		put.Sums[sum.field] = given
	}
	put.Secret, _ = bytesOf(o.Get("ssecKey"))
	return put, checkCustomerKey(o)
}

// checkCustomerKey refuses a key of another length. As in wrangler dev, nothing is encrypted.
func checkCustomerKey(o abi.Object) error {
	if key, ok := bytesOf(o.Get("ssecKey")); ok && len(key) != 32 {
		return abi.Errorf("SSE-C Key must be 32 bytes in length")
	}
	return nil
}

func bytesOf(v abi.Value) ([]byte, bool) {
	switch v := v.(type) {
	case []byte:
		return v, true
	case abi.ArrayBuffer:
		return v, true
	}
	return nil, false
}

func r2Put(c *r2Call) (abi.Value, content, error) {
	options, err := putOptions(c.args.object(1), c.now)
	if err != nil {
		return nil, noContent, err
	}
	body, err := c.content()
	if err != nil {
		return nil, noContent, err
	}
	o, err := c.bucket.Put(c.args.text(0), body, options)
	if err != nil || o == nil {
		return nil, noContent, err
	}
	return describeObject(o, nil), noContent, nil
}

func r2Delete(c *r2Call) (abi.Value, content, error) {
	var keys []string
	if len(c.args) > 0 {
		switch v := c.args[0].(type) {
		case string:
			keys = []string{v}
		case abi.Array:
			for _, e := range v {
				if key, ok := e.(string); ok {
					keys = append(keys, key)
				}
			}
		}
	}
	return abi.Undefined{}, noContent, c.bucket.Delete(keys)
}

func r2List(c *r2Call) (abi.Value, content, error) {
	o := c.args.object(0)
	text := func(name string) string { s, _ := o.Get(name).(string); return s }
	limit := 1000
	if n, ok := o.Get("limit").(int64); ok {
		limit = int(n)
	}
	if err := storage.CheckLimit(limit); err != nil {
		return nil, noContent, err
	}
	has, err := included(o.Get("include"))
	if err != nil {
		return nil, noContent, err
	}
	l, next, err := c.bucket.List(storage.ListOptions{Prefix: text("prefix"), StartAfter: text("startAfter"), Delimiter: text("delimiter"), Limit: limit, Detailed: len(has) > 0}, text("cursor"))
	if err != nil {
		return nil, noContent, err
	}
	objects, prefixes := abi.Array{}, abi.Array{}
	for _, stored := range l.Objects {
		if !has["httpMetadata"] {
			stored.HTTPMetadata = abi.Object{}
		}
		if !has["customMetadata"] {
			stored.Custom = abi.Object{}
		}
		objects = append(objects, describeObject(stored, nil))
	}
	for _, p := range l.Prefixes {
		prefixes = append(prefixes, p)
	}
	var cursor abi.Value
	if next != "" {
		cursor = next
	}
	return abi.Object{{Name: "objects", Value: objects}, {Name: "truncated", Value: next != ""}, {Name: "cursor", Value: cursor},
		{Name: "delimitedPrefixes", Value: prefixes}}, noContent, nil
}

// included reads which metadata a list shall have.
func included(v abi.Value) (map[string]bool, error) {
	has := map[string]bool{}
	fields, _ := v.(abi.Array)
	for _, f := range fields {
		if f != "httpMetadata" && f != "customMetadata" {
			return nil, &abi.Error{Name: "RangeError", Message: fmt.Sprintf("Unsupported include value %v", f)}
		}
		has[f.(string)] = true
	}
	return has, nil
}

func r2Create(c *r2Call) (abi.Value, content, error) {
	options, err := putOptions(c.args.object(1), c.now)
	if err != nil {
		return nil, noContent, err
	}
	id, err := c.bucket.CreateUpload(c.args.text(0), options)
	return abi.Object{{Name: "key", Value: c.args.text(0)}, {Name: "uploadId", Value: id}}, noContent, err
}

func r2UploadPart(c *r2Call) (abi.Value, content, error) {
	number := c.args.int(2)
	body, err := c.content()
	if err != nil {
		return nil, noContent, err
	}
	etag, err := c.bucket.UploadPart(c.args.text(0), c.args.text(1), int(number), body)
	return abi.Object{{Name: "partNumber", Value: number}, {Name: "etag", Value: etag}}, noContent, err
}

func r2Complete(c *r2Call) (abi.Value, content, error) {
	var parts []storage.ChosenPart
	for _, e := range c.args.list(2) {
		p, _ := e.(abi.Object)
		number, _ := p.Get("partNumber").(int64)
		etag, _ := p.Get("etag").(string)
		if err := storage.CheckPartNumber(int(number)); err != nil {
			return nil, noContent, err
		}
		parts = append(parts, storage.ChosenPart{Number: int(number), ETag: etag})
	}
	o, err := c.bucket.CompleteUpload(c.args.text(0), c.args.text(1), parts, c.now)
	if err != nil {
		return nil, noContent, err
	}
	return describeObject(o, nil), noContent, nil
}

func r2Abort(c *r2Call) (abi.Value, content, error) {
	return abi.Undefined{}, noContent, c.bucket.AbortUpload(c.args.text(0), c.args.text(1))
}

// describeObject is an R2Object as data.
func describeObject(o *storage.Stored, part abi.Value) abi.Object {
	return abi.Object{
		{Name: "key", Value: o.Key}, {Name: "version", Value: o.Version}, {Name: "size", Value: o.Size}, {Name: "etag", Value: o.ETag},
		{Name: "httpEtag", Value: `"` + o.ETag + `"`}, {Name: "uploaded", Value: o.Uploaded}, {Name: "httpMetadata", Value: o.HTTPMetadata},
		{Name: "customMetadata", Value: o.Custom}, {Name: "range", Value: part}, {Name: "storageClass", Value: o.StorageClass}, {Name: "checksums", Value: o.Sums},
	}
}

// outside sends what goes to a service outside of the object: after what the turn wrote is committed.
func (s *Isolate) outside(f *frame, id uint32, r *abi.Reader, perform func(r *abi.Reader, done func([]byte)) []byte) ([]byte, int32) {
	request := abi.NewReader(bytes.Clone(r.Rest()))
	f.begin()
	s.outputs.Add(f.object, func() {
		done := func(result []byte) { f.complete(id, result) }
		if refused := perform(request, done); refused != nil {
			done(refused)
		}
	}, nil)
	return nil, abi.Pending
}

func (s *Session) randomHex(n int) string {
	b := make([]byte, n)
	s.random.read(b)
	return hex.EncodeToString(b)
}
