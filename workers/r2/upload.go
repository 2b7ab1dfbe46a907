package r2

import (
	"context"
	"fmt"
	"io"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
)

// Upload is a multipart upload under way, for content that is large or of unknown length. Each part but the last has the same size, at least
// 5 MiB; there are at most 10,000, and the last is not larger. One that is neither completed nor aborted ends after 7 days.
//
// See https://developers.cloudflare.com/r2/api/workers/workers-multipart-usage/.
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

// CreateMultipartUpload begins an upload. OnlyIf, Header and checksums do not apply.
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

// UploadPart uploads a part, in place of an earlier one of that number, which counts from 1. As for Put, a body with a Len method streams.
func (u *Upload) UploadPart(ctx context.Context, number int, body io.Reader) (Part, error) {
	result, _, err := u.bucket.call(ctx, "uploadPart", body, abi.Array{u.Key, u.UploadID, int64(number)})
	if err != nil {
		return Part{}, fmt.Errorf("r2: part %d of %q: %w", number, u.Key, err)
	}
	var p Part
	return p, codec.Assign(result, &p)
}

// Complete makes the parts, as UploadPart returned them, the content of the object, in the order of their numbers.
func (u *Upload) Complete(ctx context.Context, parts []Part) (*Object, error) {
	list := abi.Array{}
	for _, p := range parts {
		list = append(list, abi.Object{{Name: "partNumber", Value: int64(p.PartNumber)}, {Name: "etag", Value: p.ETag}})
	}
	return u.bucket.one(ctx, "complete", u.Key, nil, abi.Array{u.Key, u.UploadID, list})
}

// Abort drops the upload with its parts. One that is over is no error.
func (u *Upload) Abort(ctx context.Context) error {
	_, _, err := u.bucket.call(ctx, "abort", nil, abi.Array{u.Key, u.UploadID})
	return err
}
