package r2_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"grove.place/lattice/workers/r2"
)

var images = r2.Bucket("IMAGES")

// A download that answers to ranges and to what the client has already.
func ExampleBucketBinding_Get() {
	serve := func(w http.ResponseWriter, req *http.Request) {
		o, err := images.Get(req.Context(), req.PathValue("key"), &r2.GetOptions{Header: req.Header})
		switch {
		case err != nil:
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		case o == nil:
			http.NotFound(w, req)
			return
		}
		o.HTTPMetadata.WriteTo(w.Header())
		w.Header().Set("ETag", o.HTTPETag)
		switch {
		case o.Body == nil && req.Header.Get("If-None-Match") != "":
			w.WriteHeader(http.StatusNotModified)
			return
		case o.Body == nil:
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		case o.Range != nil && o.Range.Length < o.Size:
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", o.Range.Offset, o.Range.Offset+o.Range.Length-1, o.Size))
			w.WriteHeader(http.StatusPartialContent)
		}
		defer o.Body.Close()
		io.Copy(w, o.Body)
	}
	http.HandleFunc("GET /images/{key}", serve)
}

// An upload, which does not replace what is there.
func ExampleBucketBinding_Put() {
	receive := func(w http.ResponseWriter, req *http.Request) {
		o, err := images.Put(req.Context(), req.PathValue("key"), req.Body, &r2.PutOptions{
			HTTPMetadata: r2.HTTPMetadataOf(req.Header), OnlyIf: &r2.Conditions{ETagDoesNotMatch: "*"},
		})
		switch {
		case errors.Is(err, r2.ErrPrecondition):
			http.Error(w, "there is one of that name", http.StatusConflict)
		case err != nil:
			http.Error(w, "try again", http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, o.Key, o.Size)
		}
	}
	http.HandleFunc("PUT /images/{key}", receive)
}

// The folders and files in a folder.
func ExampleBucketBinding_List() {
	ctx, end := handler() // in a handler: r.Context()
	defer end()

	for _, key := range []string{"cats/a.png", "cats/b.png", "cats/old/c.png", "dogs/d.png"} {
		if _, err := images.Put(ctx, key, strings.NewReader("picture"), nil); err != nil {
			fmt.Println(err)
			return
		}
	}
	options := r2.ListOptions{Prefix: "cats/", Delimiter: "/"}
	for {
		page, err := images.List(ctx, options)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, object := range page.Objects {
			fmt.Println(object.Key, object.Size)
		}
		fmt.Println(page.DelimitedPrefixes)
		if !page.Truncated {
			return
		}
		options.Cursor = page.Cursor
	}
	// Output:
	// cats/a.png 7
	// cats/b.png 7
	// [cats/old/]
}

// What is not there is nil, and no error.
func ExampleBucketBinding_Head() {
	ctx, end := handler()
	defer end()

	_, _ = images.Put(ctx, "cat.png", strings.NewReader("picture"), &r2.PutOptions{
		HTTPMetadata: r2.HTTPMetadata{ContentType: "image/png"}, CustomMetadata: map[string]string{"by": "ada"},
	})
	cat, err := images.Head(ctx, "cat.png")
	fmt.Println(cat.Size, cat.HTTPMetadata.ContentType, cat.CustomMetadata["by"], err)
	dog, err := images.Head(ctx, "dog.png")
	fmt.Println(dog, err)
	// Output:
	// 7 image/png ada <nil>
	// <nil> <nil>
}

// A part of an object.
func ExampleRange() {
	ctx, end := handler()
	defer end()

	_, _ = images.Put(ctx, "alphabet", strings.NewReader("abcdefghijklmnopqrstuvwxyz"), nil)
	object, err := images.Get(ctx, "alphabet", &r2.GetOptions{Range: &r2.Range{Suffix: 3}})
	if err != nil || object == nil {
		fmt.Println("there is none", err)
		return
	}
	defer object.Body.Close()
	text, err := io.ReadAll(object.Body)
	fmt.Println(string(text), object.Size, err)
	// Output: xyz 26 <nil>
}

// Nobody's changes are lost: who has an old version is told.
func ExampleConditions() {
	ctx, end := handler()
	defer end()

	first, _ := images.Put(ctx, "notes", strings.NewReader("one"), nil)
	mine := &r2.PutOptions{OnlyIf: &r2.Conditions{ETagMatches: first.ETag}}
	_, err := images.Put(ctx, "notes", strings.NewReader("two"), mine)
	fmt.Println(err)
	_, err = images.Put(ctx, "notes", strings.NewReader("three"), mine)
	fmt.Println(errors.Is(err, r2.ErrPrecondition))
	// Output:
	// <nil>
	// true
}

func ExampleBucketBinding_CreateMultipartUpload() {
	// Content of which nobody knows the length, in parts of 10 MB.
	store := func(ctx context.Context, key string, body io.Reader) error {
		upload, err := images.CreateMultipartUpload(ctx, key, nil)
		if err != nil {
			return err
		}
		var parts []r2.Part
		buffer := make([]byte, 10<<20)
		for {
			n, err := io.ReadFull(body, buffer)
			if n > 0 || len(parts) == 0 {
				part, failed := upload.UploadPart(ctx, len(parts)+1, bytes.NewReader(buffer[:n]))
				if failed != nil {
					return errors.Join(failed, upload.Abort(ctx))
				}
				parts = append(parts, part)
			}
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				break
			}
			if err != nil {
				return errors.Join(err, upload.Abort(ctx))
			}
		}
		_, err = upload.Complete(ctx, parts)
		return err
	}
	_ = store
}

func ExampleSized() {
	store := func(ctx context.Context, file *os.File) error {
		info, err := file.Stat()
		if err != nil {
			return err
		}
		_, err = images.Put(ctx, info.Name(), r2.Sized(file, info.Size()), nil)
		return err
	}
	_ = store
}
