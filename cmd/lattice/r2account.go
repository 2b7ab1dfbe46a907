package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/workers/r2"
)

// objects are those of a bucket, here or on Cloudflare.
type objects interface {
	Get(ctx context.Context, key string, o *r2.GetOptions) (*r2.Object, error)
	Put(ctx context.Context, key string, body io.Reader, o *r2.PutOptions) (*r2.Object, error)
	Delete(ctx context.Context, keys ...string) error
	List(ctx context.Context, o r2.ListOptions) (r2.Listing, error)
}

// remoteObjects are those of a bucket on Cloudflare. The API takes objects whole.
type remoteObjects struct {
	client *cloudflare.Client
	cloudflare.R2Place
}

func (r remoteObjects) Get(ctx context.Context, key string, _ *r2.GetOptions) (*r2.Object, error) {
	content, err := r.client.OpenObject(ctx, r.R2Place, key, "", 0, 0)
	if cloudflare.IsNotFound(err) {
		if _, missing := r.client.Bucket(ctx, r.Bucket, r.Jurisdiction); cloudflare.IsNotFound(missing) {
			return nil, noBucket(r.Bucket)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &r2.Object{Key: key, Size: content.Size, Body: content}, nil
}

func (r remoteObjects) Put(ctx context.Context, key string, body io.Reader, o *r2.PutOptions) (*r2.Object, error) {
	held := &spool{}
	defer held.Close()
	size, err := io.Copy(held, body)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	o.HTTPMetadata.WriteTo(h)
	_, err = r.client.PutObject(ctx, r.R2Place, key, held.content(), h)
	if cloudflare.IsNotFound(err) {
		err = noBucket(r.Bucket)
	}
	return &r2.Object{Key: key, Size: size}, err
}

func (r remoteObjects) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		err := r.client.DeleteObject(ctx, r.R2Place, key)
		if cloudflare.IsNoBucket(err) {
			err = noBucket(r.Bucket)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r remoteObjects) List(ctx context.Context, o r2.ListOptions) (l r2.Listing, err error) {
	page, err := r.client.Objects(ctx, r.R2Place, cloudflare.R2List{Prefix: o.Prefix, Cursor: o.Cursor, Limit: 1000})
	if cloudflare.IsNotFound(err) {
		return l, noBucket(r.Bucket)
	}
	for _, one := range page.Objects {
		l.Objects = append(l.Objects, r2.Object{
			Key: one.Key, Size: one.Size, ETag: one.ETag, Uploaded: one.Modified.Time, HTTPMetadata: r2.HTTPMetadata{ContentType: one.HTTP.ContentType}, CustomMetadata: one.Custom,
		})
	}
	l.Cursor, l.Truncated = page.Cursor, page.Cursor != ""
	return l, err
}

func noBucket(name string) error {
	return fmt.Errorf("the account has no R2 bucket %s: `lattice r2 bucket list` shows those that there are, `lattice r2 bucket create` makes one", name)
}

// remoteBucket is the bucket that a name or a binding means.
func (c *storeCommand) remoteBucket(ctx context.Context, asked string) (remoteObjects, error) {
	r := remoteObjects{R2Place: cloudflare.R2Place{Bucket: asked}}
	var err error
	if r.client, err = c.cloud(ctx); err != nil {
		return r, err
	}
	for _, b := range c.cfg.Buckets {
		if b.Binding == asked && b.Name == "" {
			if b.Name = provisioned(ctx, r.client, c.cfg, b.Binding, "r2_bucket", "bucket_name"); b.Name == "" {
				return r, fmt.Errorf("%s: the bucket %s has no bucket_name, and no deployment has made one", c.cfg.Path, asked)
			}
		}
		if b.Binding == asked || b.Name == asked {
			r.R2Place = cloudflare.R2Place{Bucket: b.Name, Jurisdiction: b.Jurisdiction}
		}
	}
	return r, nil
}

func r2Create(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.accountFlags("r2 bucket create", r2Help)
	location := fs.String("location", "", "`place` near which the bucket is: weur, eeur, apac, wnam, enam or oc")
	jurisdiction := fs.String("jurisdiction", "", "`place` that the objects do not leave: eu or fedramp")
	alias(fs, "jurisdiction", "J")
	class := fs.String("storage-class", "", "`class` of objects: Standard or InfrequentAccess")
	alias(fs, "storage-class", "s")
	binding := fs.String("binding", "", "`name` of the binding in the lines to add (default: made of the bucket's)")
	given, err := c.parse(fs, args, "NAME", 1, 1)
	if err != nil {
		return err
	}
	client, err := c.account(ctx)
	if err != nil {
		return err
	}
	b, err := client.CreateBucket(ctx, given[0], *location, *jurisdiction, *class)
	if err != nil {
		return err
	}
	pairs := []any{"binding", bindingOf(*binding, b.Name), "bucket_name", b.Name}
	if *jurisdiction != "" {
		pairs = append(pairs, "jurisdiction", *jurisdiction)
	}
	return c.created(b, "Created the R2 bucket "+b.Name, "r2_buckets", pairs...)
}

func r2Buckets(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.accountFlags("r2 bucket list", r2Help)
	jurisdiction := fs.String("jurisdiction", "", "those of a `place`: eu or fedramp")
	alias(fs, "jurisdiction", "J")
	if _, err := c.parse(fs, args, "", 0, 0); err != nil {
		return err
	}
	client, err := c.account(ctx)
	if err != nil {
		return err
	}
	list, err := client.Buckets(ctx, *jurisdiction)
	if err != nil {
		return err
	}
	rows := [][]string{}
	for _, b := range list {
		rows = append(rows, []string{b.Name, b.Created})
	}
	return c.print(append([]cloudflare.R2Bucket{}, list...), rows)
}

func r2Info(ctx context.Context, c *cloudCommand, args []string) error {
	_, b, _, err := c.oneBucket(ctx, "info", args)
	if err != nil {
		return err
	}
	rows := [][]string{{"name", b.Name}}
	for _, row := range [][]string{{"created", b.Created}, {"location", b.Location}, {"storage class", b.StorageClass}, {"jurisdiction", b.Jurisdiction}} {
		if row[1] != "" {
			rows = append(rows, row)
		}
	}
	return c.print(b, rows)
}

func r2DeleteBucket(ctx context.Context, c *cloudCommand, args []string) error {
	client, b, yes, err := c.oneBucket(ctx, "delete", args)
	if err != nil {
		return err
	}
	if err := c.confirm(yes, fmt.Sprintf("Delete the R2 bucket %s on Cloudflare?", b.Name)); err != nil {
		return err
	}
	if err := client.DeleteBucket(ctx, b.Name, b.Jurisdiction); err != nil {
		return err
	}
	return c.print(b, [][]string{{"Deleted the R2 bucket " + b.Name}})
}

// oneBucket parses the argument of a command about a bucket, and finds it.
func (c *cloudCommand) oneBucket(ctx context.Context, name string, args []string) (client *cloudflare.Client, b cloudflare.R2Bucket, yes bool, err error) {
	fs := c.accountFlags("r2 bucket "+name, r2Help)
	jurisdiction := fs.String("jurisdiction", "", "`place` that the bucket was made for: eu or fedramp")
	alias(fs, "jurisdiction", "J")
	sure := new(bool)
	if name == "delete" {
		sure = askFlags(fs)
	}
	given, err := c.parse(fs, args, "BUCKET", 1, 1)
	if err != nil {
		return nil, b, false, err
	}
	if client, err = c.account(ctx); err != nil {
		return nil, b, false, err
	}
	asked := given[0]
	for _, each := range c.cfg.Buckets {
		if each.Name != "" && (each.Binding == asked || each.Name == asked) {
			asked = each.Name
			if *jurisdiction == "" {
				*jurisdiction = each.Jurisdiction
			}
		}
	}
	b, err = client.Bucket(ctx, asked, *jurisdiction)
	if cloudflare.IsNotFound(err) {
		err = noBucket(asked)
	}
	if b.Jurisdiction == "default" || b.Jurisdiction == "" {
		b.Jurisdiction = *jurisdiction
	}
	return client, b, *sure, err
}
