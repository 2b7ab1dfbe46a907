package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/tests/cloudflareapi"
	"grove.place/lattice/workers/r2"
)

const inPictures = "/accounts/*/r2/buckets/pictures/objects/*"

// remotePictures is a bucket of the account, through the host that lattice dev would start.
func remotePictures(t *testing.T) (*cloudflareapi.Server, context.Context, r2.BucketBinding, *[]time.Duration) {
	t.Helper()
	api, waits := remoteAccount(t), &[]time.Duration{}
	h, _, _ := remoteHost(t, &fleet{projects: []*project{{}}, sleep: func(_ context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return nil
	}})
	return api, h.Context(), r2.Bucket("PICTURES"), waits
}

func read(t *testing.T, o *r2.Object, err error) string {
	t.Helper()
	if err != nil || o == nil || o.Body == nil {
		t.Fatalf("no content: %+v %v", o, err)
	}
	defer o.Body.Close()
	text, err := io.ReadAll(o.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRemoteR2IsTheAccounts(t *testing.T) {
	api, ctx, pictures, _ := remotePictures(t)
	text := "a picture of a cat"
	sum := md5.Sum([]byte(text))
	expires := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	metadata := r2.HTTPMetadata{ContentType: "image/png", ContentLanguage: "de", ContentDisposition: "inline", ContentEncoding: "gzip", CacheControl: "no-store", CacheExpiry: expires}
	stored, err := pictures.Put(ctx, "cats/a b?.png", strings.NewReader(text), &r2.PutOptions{HTTPMetadata: metadata, StorageClass: "InfrequentAccess", MD5: sum[:]})
	if err != nil {
		t.Fatal(err)
	}
	etag := fmt.Sprintf("%x", sum)
	if stored.ETag != etag || stored.HTTPETag != `"`+etag+`"` || stored.Size != int64(len(text)) || stored.HTTPMetadata != metadata || stored.Uploaded.IsZero() || stored.Version == "" || !bytes.Equal(stored.Checksums.MD5, sum[:]) {
		t.Errorf("stored: %+v", stored)
	}
	there := api.Object("pictures", "cats/a b?.png")
	if there == nil || string(there.Content) != text || there.Header.Get("Content-Type") != "image/png" || there.Header.Get("Expires") != expires.Format(http.TimeFormat) || there.StorageClass != "InfrequentAccess" {
		t.Fatalf("the account has %+v", there)
	}
	head, err := pictures.Head(ctx, "cats/a b?.png")
	if err != nil || head == nil || head.ETag != etag || head.HTTPMetadata != metadata || head.StorageClass != "InfrequentAccess" || !bytes.Equal(head.Checksums.MD5, sum[:]) {
		t.Errorf("head: %+v %v", head, err)
	}
	object, err := pictures.Get(ctx, "cats/a b?.png", nil)
	if got := read(t, object, err); got != text || object.HTTPMetadata != metadata {
		t.Errorf("%q %+v", got, object)
	}
	api.AddObject("pictures", "cats", cloudflareapi.Object{Content: []byte("listed before"), Custom: map[string]string{"by": "ann"}})
	if object, err = pictures.Get(ctx, "cats", nil); read(t, object, err) != "listed before" || object.CustomMetadata["by"] != "ann" {
		t.Errorf("custom metadata: %+v", object)
	}
	for _, key := range []string{"cat", "none"} { // one begins the names of others
		if o, err := pictures.Head(ctx, key); o != nil || err != nil {
			t.Errorf("%s: %+v %v", key, o, err)
		}
		if o, err := pictures.Get(ctx, key, nil); o != nil || err != nil {
			t.Errorf("%s: %+v %v", key, o, err)
		}
	}
	if err := pictures.Delete(ctx, "cats/a b?.png", "none"); err != nil || api.Object("pictures", "cats/a b?.png") != nil {
		t.Errorf("deleted: %v", err)
	}
	for _, r := range api.Requests() {
		if r.Header.Get("cf-r2-jurisdiction") != "eu" {
			t.Errorf("%s goes to another jurisdiction", r)
		}
	}
}

func TestRemoteR2ListsPageByPage(t *testing.T) {
	api, ctx, pictures, _ := remotePictures(t)
	for _, key := range []string{"a", "b/1", "b/2", "c", "d/1", "e"} {
		api.AddObject("pictures", key, cloudflareapi.Object{Content: []byte(key), Header: http.Header{"Content-Type": {"text/x"}}, Custom: map[string]string{"k": key}})
	}
	var pages []string
	for o := (r2.ListOptions{Limit: 2, Delimiter: "/"}); ; {
		l, err := pictures.List(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, one := range l.Objects {
			if keys = append(keys, one.Key); one.HTTPMetadata.ContentType != "" || len(one.CustomMetadata) > 0 || one.ETag == "" || one.Size != 1 {
				t.Errorf("%+v", one)
			}
		}
		pages = append(pages, strings.Join(append(keys, l.DelimitedPrefixes...), " "))
		if o.Cursor = l.Cursor; !l.Truncated {
			break
		}
	}
	if got := strings.Join(pages, ", "); got != "a b/, c d/, e" {
		t.Errorf("pages: %s", got)
	}
	l, err := pictures.List(ctx, r2.ListOptions{Prefix: "b/", StartAfter: "b/1", Include: []string{"httpMetadata", "customMetadata"}})
	if err != nil || len(l.Objects) != 1 || l.Objects[0].HTTPMetadata.ContentType != "text/x" || l.Objects[0].CustomMetadata["k"] != "b/2" {
		t.Errorf("%+v %v", l, err)
	}
	if _, err := pictures.List(ctx, r2.ListOptions{Limit: 1001}); err == nil || !strings.Contains(err.Error(), "list: MaxKeys params must be positive integer <= 1000. (10022)") {
		t.Errorf("too many: %v", err)
	}
}

func TestRemoteR2ReadsPartsAndConditions(t *testing.T) {
	for _, ranges := range []bool{true, false} {
		t.Run(fmt.Sprintf("the API answers ranges: %v", ranges), func(t *testing.T) {
			api, ctx, pictures, _ := remotePictures(t)
			if !ranges {
				api.WithoutRanges()
			}
			api.AddObject("pictures", "digits", cloudflareapi.Object{Content: []byte("0123456789")})
			for want, part := range map[string]r2.Range{"234": {Offset: 2, Length: 3}, "789": {Suffix: 3}, "56789": {Offset: 5}, "0123456789": {Length: 100}} {
				o, err := pictures.Get(ctx, "digits", &r2.GetOptions{Range: &part})
				if got := read(t, o, err); got != want || o.Size != 10 {
					t.Errorf("%+v: %q, want %q", part, got, want)
				}
			}
		})
	}
	api, ctx, pictures, _ := remotePictures(t)
	api.AddObject("pictures", "digits", cloudflareapi.Object{Content: []byte("0123456789")})
	head, err := pictures.Head(ctx, "digits")
	if err != nil {
		t.Fatal(err)
	}
	api.Forget()
	if o, err := pictures.Get(ctx, "digits", &r2.GetOptions{OnlyIf: &r2.Conditions{ETagDoesNotMatch: head.ETag}}); err != nil || o == nil || o.Body != nil {
		t.Errorf("a condition that does not hold: %+v %v", o, err)
	}
	if n := len(api.Find("GET", inPictures)); n != 0 {
		t.Errorf("its content was read %d times", n)
	}
	if o, err := pictures.Get(ctx, "digits", &r2.GetOptions{Header: http.Header{"If-Match": {head.HTTPETag}, "Range": {"bytes=0-1"}}}); read(t, o, err) != "01" {
		t.Error("a condition that holds")
	}
	if _, err := pictures.Get(ctx, "digits", &r2.GetOptions{Range: &r2.Range{Offset: 20}}); err == nil || !strings.Contains(err.Error(), "(10039)") {
		t.Errorf("beyond the end: %v", err)
	}
}

func TestRemoteR2RefusesWhatTheAPICannotDo(t *testing.T) {
	api, ctx, pictures, _ := remotePictures(t)
	api.AddObject("pictures", "secret", cloudflareapi.Object{Content: []byte("s"), Encrypted: true})
	api.Forget()
	key := bytes.Repeat([]byte{1}, 32)
	put := func(o r2.PutOptions) error {
		_, err := pictures.Put(ctx, "k", strings.NewReader("v"), &o)
		return err
	}
	for what, err := range map[string]error{
		"put: customMetadata":          put(r2.PutOptions{CustomMetadata: map[string]string{"a": "b"}}),
		"put: a condition":             put(r2.PutOptions{OnlyIf: &r2.Conditions{ETagDoesNotMatch: "*"}}),
		"put: encrypts with a key":     put(r2.PutOptions{SSECKey: key}),
		"get: encrypted with a key":    second(pictures.Get(ctx, "k", &r2.GetOptions{SSECKey: key})),
		"get: is encrypted":            second(pictures.Get(ctx, "secret", nil)),
		"createMultipartUpload: parts": second(pictures.CreateMultipartUpload(ctx, "k", nil)),
	} {
		method, about, _ := strings.Cut(what, ": ")
		if err == nil || !strings.Contains(err.Error(), method+": remote R2 binding PICTURES (the bucket pictures): ") || !strings.Contains(err.Error(), about) || !strings.Contains(err.Error(), "lattice dev --local") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := len(api.Find("PUT", inPictures)); n != 0 {
		t.Errorf("%d objects were put", n)
	}
	if _, err := pictures.Put(ctx, "k", strings.NewReader("v"), &r2.PutOptions{Header: http.Header{"Content-Type": {"text/x"}}}); err != nil { // headers without a condition
		t.Error(err)
	}
	wrong := sha256.Sum256([]byte("another"))
	if err := put(r2.PutOptions{SHA256: wrong[:]}); err == nil || !strings.Contains(err.Error(), "(10037)") || len(api.Find("PUT", inPictures)) != 1 {
		t.Errorf("another checksum: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestRemoteR2StreamsLongObjects(t *testing.T) {
	api, ctx, pictures, waits := remotePictures(t)
	long := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MiB
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	api.Fail(cloudflareapi.Fault{Method: "PUT", Path: inPictures, Status: 429, Code: 10058, Message: "Please look at the rate", RetryAfter: "7", Times: 1})
	if _, err := pictures.Put(ctx, "long", bytes.NewReader(long), nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(*waits, []time.Duration{7 * time.Second}) {
		t.Errorf("it waits %v", *waits)
	}
	if there := api.Object("pictures", "long"); there == nil || !bytes.Equal(there.Content, long) {
		t.Error("other content was put")
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	o, err := pictures.Get(ctx, "long", nil)
	if got := read(t, o, err); got != string(long) {
		t.Errorf("%d bytes came back, or others", len(got))
	}
	api.Fail(cloudflareapi.Fault{Method: "GET", Path: inPictures, Half: true, Times: 1})
	if o, err = pictures.Get(ctx, "long", nil); err != nil {
		t.Fatal(err)
	}
	defer o.Body.Close()
	if n, err := io.Copy(io.Discard, o.Body); err == nil || n > int64(len(long))/2 || !strings.Contains(err.Error(), `remote R2 binding PICTURES (the bucket pictures): the content of "long" broke off`) {
		t.Errorf("after %d bytes: %v", n, err)
	}
	short := io.MultiReader(bytes.NewReader(long[:1<<20]))
	if _, err := pictures.Put(ctx, "short", r2.Sized(short, 2<<20), nil); err == nil || api.Object("pictures", "short") != nil {
		t.Errorf("content that is shorter than it says: %v", err)
	}
}

func TestRemoteR2ReadsAnObjectThatChanges(t *testing.T) {
	api, ctx, pictures, _ := remotePictures(t)
	api.Put("pictures", "k", "before")
	api.Fail(cloudflareapi.Fault{Method: "GET", Path: inPictures, Times: 1, Meanwhile: func() { api.Put("pictures", "k", "after all") }})
	if o, err := pictures.Get(ctx, "k", nil); read(t, o, err) != "after all" || o.Size != 9 {
		t.Errorf("%+v", o)
	}
	api.Fail(cloudflareapi.Fault{Method: "GET", Path: inPictures, Times: 1, Meanwhile: func() { api.Put("pictures", "k", "") }})
	if o, err := pictures.Get(ctx, "k", nil); err != nil || read(t, o, err) != "" {
		t.Errorf("%+v %v", o, err)
	}
	n := 0
	api.Put("pictures", "k", "x")
	api.Fail(cloudflareapi.Fault{Method: "GET", Path: inPictures, Meanwhile: func() { n++; api.Put("pictures", "k", fmt.Sprint(n)) }})
	if _, err := pictures.Get(ctx, "k", nil); err == nil || !strings.Contains(err.Error(), "the object changed") || n != 3 {
		t.Errorf("after %d changes: %v", n, err)
	}
	api.Forget()
	api.Fail(cloudflareapi.Fault{Method: "GET", Path: inPictures, Status: 404, Code: 10007, Message: "The specified key does not exist.", Times: 1})
	if o, err := pictures.Get(ctx, "k", nil); read(t, o, err) != "3" {
		t.Errorf("%+v", o)
	}
}

func TestRemoteR2SaysWhatWentWrong(t *testing.T) {
	api, ctx, pictures, waits := remotePictures(t)
	api.AddObject("pictures", "k", cloudflareapi.Object{Content: []byte("value")})
	fault := func(f cloudflareapi.Fault) {
		api.Forget()
		*waits = nil
		api.Fail(f)
	}
	fault(cloudflareapi.Fault{Method: "GET", Path: inPictures, Half: true, Times: 1})
	if o, err := pictures.Get(ctx, "k", nil); read(t, o, err) != "value" {
		t.Error("a short object that breaks off is asked for again")
	}
	fault(cloudflareapi.Fault{Method: "GET", Path: inPictures, Status: 503, Plain: true, RetryAfter: "1", Times: 2})
	if o, err := pictures.Get(ctx, "k", nil); read(t, o, err) != "value" || len(*waits) != 2 {
		t.Errorf("after two failures: %v", *waits)
	}
	for name, k := range map[string]struct {
		fault cloudflareapi.Fault
		want  string
		tries int
	}{
		"a wrong token":             {cloudflareapi.Fault{Status: 401, Code: 10000, Message: "Authentication error"}, "is not valid, or no longer", 1},
		"a token that may not":      {cloudflareapi.Fault{Status: 403, Code: 10000, Message: "Authentication error"}, "Account: Workers R2 Storage: ", 1},
		"no such bucket":            {cloudflareapi.Fault{Status: 404, Code: 10006, Message: "The specified bucket does not exist."}, "the account has no R2 bucket pictures: `lattice r2 bucket list` shows", 1},
		"too fast, all the time":    {cloudflareapi.Fault{Status: 429, Code: 10058, Message: "Slow down", RetryAfter: "1"}, "5 times", 5},
		"down, all the time":        {cloudflareapi.Fault{Status: 502, Plain: true, RetryAfter: "0"}, "Cloudflare answered 502, 5 times", 5},
		"a connection that ends":    {cloudflareapi.Fault{Cut: true}, "no answer from ", 0},
		"an answer that is no JSON": {cloudflareapi.Fault{Status: 200, Plain: true}, "the answer is not JSON", 1},
	} {
		for method, do := range map[string]func() error{
			"head":   func() error { return second(pictures.Head(ctx, "k")) },
			"get":    func() error { return second(pictures.Get(ctx, "k", nil)) },
			"put":    func() error { return second(pictures.Put(ctx, "new", strings.NewReader("v"), nil)) },
			"delete": func() error { return pictures.Delete(ctx, "k") },
			"list":   func() error { return second(pictures.List(ctx, r2.ListOptions{})) },
		} {
			if method == "delete" && k.fault.Status == 200 {
				continue // its answer tells nothing
			}
			fault(k.fault)
			err := do()
			if err == nil || !strings.Contains(err.Error(), method+": remote R2 binding PICTURES (the bucket pictures): ") || !strings.Contains(err.Error(), k.want) || strings.Contains(err.Error(), cloudflareapi.Token) || strings.Contains(err.Error(), "http://") {
				t.Errorf("%s, %s: %v", name, method, err)
			}
			if n := len(api.Requests()); n != k.tries && k.tries > 0 { // net/http tries a connection once more that was kept
				t.Errorf("%s, %s: %d requests, want %d", name, method, n, k.tries)
			}
		}
	}
}
