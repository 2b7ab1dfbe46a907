package cloudflareapi

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Object is one of R2.
type Object struct {
	Content      []byte
	Header       http.Header // Content-Type and its like
	Custom       map[string]string
	StorageClass string
	Encrypted    bool
}

func (o *Object) etag() string {
	sum := md5.Sum(o.Content)
	return hex.EncodeToString(sum[:])
}

// AddBucket makes a bucket for a jurisdiction. Requests that do not name it do not find it.
func (s *Server) AddBucket(name, jurisdiction string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.places[name] = jurisdiction
}

// AddObject puts an object into a bucket.
func (s *Server) AddObject(bucket, key string, o Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.objects[bucket+"/"+key] = &o
}

// Put puts content into a bucket. It may be called by a Fault.
func (s *Server) Put(bucket, key, content string) {
	s.state.objects[bucket+"/"+key] = &Object{Content: []byte(content)}
}

// Object returns an object of a bucket, or nil.
func (s *Server) Object(bucket, key string) *Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.objects[bucket+"/"+key]
}

// WithoutRanges answers with all of an object when a range is asked for, as an API may that says nothing of ranges.
func (s *Server) WithoutRanges() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.noRanges = true
}

// bucketRoutes are those of R2. Every bucket is there, but for those that are called absent and were not made, and those that AddBucket made for another jurisdiction.
func (s *Server) bucketRoutes(at route) {
	const one = "/accounts/{account}/r2/buckets/{name}"
	at("GET /accounts/{account}/r2/buckets", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		ok(w, map[string]any{"buckets": append([]map[string]any{}, s.state.buckets...)})
	})
	at("GET "+one, func(w http.ResponseWriter, r *http.Request, _ Request) {
		if s.hasBucket(w, r) {
			ok(w, map[string]any{"name": r.PathValue("name"), "creation_date": created})
		}
	})
	at("POST /accounts/{account}/r2/buckets", func(w http.ResponseWriter, _ *http.Request, req Request) {
		s.state.buckets = append(s.state.buckets, decode[map[string]any](req))
		ok(w, s.state.buckets[len(s.state.buckets)-1])
	})
	at("DELETE "+one, func(w http.ResponseWriter, r *http.Request, _ Request) {
		for name := range s.state.objects {
			if strings.HasPrefix(name, r.PathValue("name")+"/") {
				fail(w, http.StatusConflict, 10008, "The bucket you tried to delete is not empty.")
				return
			}
		}
		s.state.buckets = slices.DeleteFunc(s.state.buckets, func(b map[string]any) bool { return b["name"] == r.PathValue("name") })
		ok(w, nil)
	})
	at("GET "+one+"/objects", s.listObjects)
	at("GET "+one+"/objects/{key...}", s.getObject)
	at("PUT "+one+"/objects/{key...}", s.putObject)
	at("DELETE "+one+"/objects/{key...}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if s.hasBucket(w, r) {
			delete(s.state.objects, objectName(r))
			ok(w, map[string]any{"key": r.PathValue("key")})
		}
	})
}

func (s *Server) hasBucket(w http.ResponseWriter, r *http.Request) bool {
	name := r.PathValue("name")
	made := slices.ContainsFunc(s.state.buckets, func(b map[string]any) bool { return b["name"] == name })
	if place, told := s.state.places[name]; strings.HasPrefix(name, "absent") && !made || told && place != r.Header.Get("cf-r2-jurisdiction") {
		fail(w, http.StatusNotFound, 10006, "The specified bucket does not exist.")
		return false
	}
	return true
}

func objectName(r *http.Request) string {
	_, key, _ := strings.Cut(r.URL.Path, "/objects/")
	return r.PathValue("name") + "/" + key
}

// metadataHeaders are the headers that are stored, by the names that lists have for them.
var metadataHeaders = map[string]string{
	"contentType": "Content-Type", "contentLanguage": "Content-Language", "contentDisposition": "Content-Disposition", "contentEncoding": "Content-Encoding", "cacheControl": "Cache-Control",
}

func (s *Server) putObject(w http.ResponseWriter, r *http.Request, req Request) {
	if !s.hasBucket(w, r) {
		return
	}
	o := &Object{Content: req.Body, Header: http.Header{}, StorageClass: r.Header.Get("cf-r2-storage-class")}
	if o.StorageClass == "" {
		o.StorageClass = "Standard"
	}
	for _, name := range append(slices.Collect(maps.Values(metadataHeaders)), "Expires") {
		if v := r.Header.Get(name); v != "" {
			o.Header.Set(name, v)
		}
	}
	s.state.objects[objectName(r)] = o
	ok(w, map[string]any{"key": r.PathValue("key"), "etag": o.etag(), "size": strconv.Itoa(len(o.Content)), "uploaded": created, "version": "7e0000000000000000000000000000aa", "storage_class": o.StorageClass})
}

// getObject answers with the content. Custom metadata is in lists alone.
func (s *Server) getObject(w http.ResponseWriter, r *http.Request, _ Request) {
	if !s.hasBucket(w, r) {
		return
	}
	o := s.state.objects[objectName(r)]
	if o == nil {
		fail(w, http.StatusNotFound, 10007, "The specified key does not exist.")
		return
	}
	maps.Copy(w.Header(), o.Header)
	w.Header().Set("ETag", `"`+o.etag()+`"`)
	if s.state.noRanges {
		r.Header.Del("Range")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(o.Content))
}

func (s *Server) listObjects(w http.ResponseWriter, r *http.Request, _ Request) {
	if !s.hasBucket(w, r) {
		return
	}
	prefix, delimiter, after := r.FormValue("prefix"), r.FormValue("delimiter"), max(r.FormValue("start_after"), r.FormValue("cursor"))
	limit, err := strconv.Atoi(r.FormValue("per_page"))
	if err != nil {
		limit = 20
	}
	list, groups, last, next := []map[string]any{}, []string{}, "", ""
	for _, name := range slices.Sorted(maps.Keys(s.state.objects)) {
		key, inBucket := strings.CutPrefix(name, r.PathValue("name")+"/")
		group := ""
		if i := strings.Index(strings.TrimPrefix(key, prefix), delimiter); delimiter != "" && i >= 0 {
			group = key[:len(prefix)+i+len(delimiter)]
		}
		if !inBucket || !strings.HasPrefix(key, prefix) || key <= after || group != "" && (slices.Contains(groups, group) || after != "" && strings.HasPrefix(after, group)) {
			continue
		}
		if len(list)+len(groups) == limit {
			next = last
			break
		}
		if last = key; group != "" {
			groups = append(groups, group)
			continue
		}
		list = append(list, s.state.objects[name].describe(key))
	}
	info := map[string]any{"cursor": next, "is_truncated": next != "", "per_page": limit, "delimited": groups}
	reply(w, envelope{Success: true, Errors: []apiError{}, Messages: []string{}, Result: list, Info: info}, http.StatusOK)
}

func (o *Object) describe(key string) map[string]any {
	metadata := map[string]any{}
	for field, name := range metadataHeaders {
		if v := o.Header.Get(name); v != "" {
			metadata[field] = v
		}
	}
	if at, err := http.ParseTime(o.Header.Get("Expires")); err == nil {
		metadata["cacheExpiry"] = at.Format(time.RFC3339)
	}
	custom := o.Custom
	if custom == nil {
		custom = map[string]string{}
	}
	return map[string]any{"key": key, "etag": o.etag(), "size": len(o.Content), "last_modified": created, "http_metadata": metadata, "custom_metadata": custom, "storage_class": o.StorageClass, "ssec": o.Encrypted}
}
