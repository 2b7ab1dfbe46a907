package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"grove.place/lattice/internal/bindings"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/r2"
)

const r2Help = `lattice r2 object|bucket COMMAND [flags]

The objects of an R2 bucket, as "lattice dev" has stored them, or with --remote as Cloudflare has them. The bucket goes by its name, or by its binding.

  lattice r2 object put BUCKET/KEY --file FILE    --pipe reads the standard input; --content-type and the other headers go with it
  lattice r2 object get BUCKET/KEY                writes a file of that name; --file FILE, or --pipe for the standard output
  lattice r2 object list BUCKET                   as JSON; --prefix P
  lattice r2 object delete BUCKET/KEY

While lattice dev runs, these go through it. On Cloudflare alone:

  lattice r2 bucket create NAME                   make a bucket, and print what to add to the configuration
  lattice r2 bucket list                          all of the account
  lattice r2 bucket info BUCKET
  lattice r2 bucket delete BUCKET                 when it is empty; asks before, unless --yes
` + credentialsHelp

func runR2(ctx context.Context, args []string, out, errs io.Writer) error {
	return subcommands{"r2", r2Help, map[string]func(context.Context, *storeCommand, []string) error{
		"object put": r2Put, "object get": r2Get, "object list": r2List, "object delete": r2Delete,
	}, map[string]func(context.Context, *cloudCommand, []string) error{
		"bucket create": r2Create, "bucket list": r2Buckets, "bucket info": r2Info, "bucket delete": r2DeleteBucket,
	}}.start(ctx, args, out, errs)
}

// bucket parses args and has do work on the bucket that the first part of the argument names, with the key after it.
func bucket(ctx context.Context, c *storeCommand, name, usage string, args []string, flags func(fs *flag.FlagSet), do func(ctx context.Context, b objects, key string) error) (err error) {
	fs := c.storeFlags("r2 object "+name, r2Help)
	if flags != nil {
		flags(fs)
	}
	given, err := c.parse(fs, args, usage)
	if err != nil {
		return err
	}
	asked, key, hasKey := strings.Cut(given[0], "/")
	if wants := strings.Contains(usage, "/"); wants && key == "" || !wants && hasKey {
		fmt.Fprintf(c.errs, "write it as lattice r2 object %s %s\n", name, usage)
		return errUsage
	}
	if c.remote {
		r, err := c.remoteBucket(ctx, asked)
		if err != nil {
			return err
		}
		defer underWay(c.errs, "Cloudflare is asked")()
		return do(ctx, r, key)
	}
	var o local.Options
	var names []string
	bindings.Stores(&o, c.cfg)
	for _, b := range c.cfg.Buckets {
		names = append(names, o.Buckets[b.Binding])
		if b.Binding != asked && b.Name != asked && b.PreviewName != asked {
			continue
		}
		c.here(b.Binding, b.Remote)
		reached, closed, err := c.open(ctx, local.Options{Buckets: map[string]string{b.Binding: o.Buckets[b.Binding]}})
		if err != nil {
			return err
		}
		return errors.Join(do(reached, r2.Bucket(b.Binding), key), closed())
	}
	return fmt.Errorf("%s has no R2 bucket %q: there are %s", c.cfg.Path, asked, orNone(names))
}

func r2Put(ctx context.Context, c *storeCommand, args []string) error {
	var file string
	var pipe bool
	var o r2.PutOptions
	return bucket(ctx, c, "put", "BUCKET/KEY", args, func(fs *flag.FlagSet) {
		fs.StringVar(&file, "file", "", "`file` with the content")
		fs.BoolVar(&pipe, "pipe", false, "read the content from the standard input")
		fs.StringVar(&o.HTTPMetadata.ContentType, "content-type", "", "`type` of the content")
		fs.StringVar(&o.HTTPMetadata.ContentDisposition, "content-disposition", "", "`header` that goes with it")
		fs.StringVar(&o.HTTPMetadata.ContentEncoding, "content-encoding", "", "`header` that goes with it")
		fs.StringVar(&o.HTTPMetadata.ContentLanguage, "content-language", "", "`header` that goes with it")
		fs.StringVar(&o.HTTPMetadata.CacheControl, "cache-control", "", "`header` that goes with it")
		for long, short := range map[string]string{"content-type": "ct", "content-disposition": "cd", "content-encoding": "ce", "content-language": "cl", "cache-control": "cc", "file": "f", "pipe": "p"} {
			alias(fs, long, short)
		}
	}, func(ctx context.Context, b objects, key string) error {
		var content io.Reader = os.Stdin
		switch {
		case (file == "") != pipe:
			return errors.New("write --file with the file that has the content, or --pipe")
		case file != "":
			f, err := os.Open(file)
			if err != nil {
				return err
			}
			defer f.Close()
			content = f
		}
		stored, err := b.Put(ctx, key, content, &o)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "wrote %s, %s\n", key, bytesText(stored.Size))
		return nil
	})
}

func r2Get(ctx context.Context, c *storeCommand, args []string) error {
	var file string
	var pipe bool
	return bucket(ctx, c, "get", "BUCKET/KEY", args, func(fs *flag.FlagSet) {
		fs.StringVar(&file, "file", "", "`file` that the content is written to (default: what follows the last / of the key)")
		fs.BoolVar(&pipe, "pipe", false, "write the content to the standard output")
		alias(fs, "file", "f")
		alias(fs, "pipe", "p")
	}, func(ctx context.Context, b objects, key string) (err error) {
		o, err := b.Get(ctx, key, nil)
		if err != nil {
			return err
		}
		if o == nil {
			return fmt.Errorf("there is no object %q", key)
		}
		defer o.Body.Close()
		if pipe {
			_, err := io.Copy(c.out, o.Body)
			return err
		}
		if file == "" {
			file = key[strings.LastIndex(key, "/")+1:]
		}
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, o.Body); err != nil {
			return errors.Join(err, f.Close())
		}
		fmt.Fprintf(c.out, "wrote %s to %s\n", bytesText(o.Size), file)
		return f.Close()
	})
}

func r2Delete(ctx context.Context, c *storeCommand, args []string) error {
	return bucket(ctx, c, "delete", "BUCKET/KEY", args, nil, func(ctx context.Context, b objects, key string) error {
		if err := b.Delete(ctx, key); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "deleted %s\n", key)
		return nil
	})
}

// listedObject is what a list says of an object.
type listedObject struct {
	Key            string            `json:"key"`
	Size           int64             `json:"size"`
	ETag           string            `json:"etag"`
	Uploaded       time.Time         `json:"uploaded"`
	ContentType    string            `json:"contentType,omitempty"`
	CustomMetadata map[string]string `json:"customMetadata,omitempty"`
}

func r2List(ctx context.Context, c *storeCommand, args []string) error {
	var prefix string
	return bucket(ctx, c, "list", "BUCKET", args, func(fs *flag.FlagSet) { fs.StringVar(&prefix, "prefix", "", "only keys that begin with `text`") },
		func(ctx context.Context, b objects, _ string) error {
			found := []listedObject{}
			for o := (r2.ListOptions{Prefix: prefix, Include: []string{"httpMetadata", "customMetadata"}}); ; {
				page, err := b.List(ctx, o)
				if err != nil {
					return err
				}
				for _, f := range page.Objects {
					found = append(found, listedObject{f.Key, f.Size, f.ETag, f.Uploaded, f.HTTPMetadata.ContentType, f.CustomMetadata})
				}
				if !page.Truncated {
					return printJSON(c.out, found)
				}
				o.Cursor = page.Cursor
			}
		})
}
