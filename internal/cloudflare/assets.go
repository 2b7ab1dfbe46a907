package cloudflare

import (
	"context"
	"encoding/json"

	"github.com/cloudflare/cloudflare-go/v6/option"
	"github.com/cloudflare/cloudflare-go/v6/workers"
)

// Asset is a static file as the API counts them.
type Asset struct {
	Hash string `json:"hash"`
	Size int64  `json:"size"`
}

// Session is an upload of static files: which of them Cloudflare lacks, in buckets of one request each.
type Session struct {
	JWT     string
	Buckets [][]string // hashes
}

// StartAssets tells the API which files there are, by their paths.
func (c *Client) StartAssets(ctx context.Context, worker string, files map[string]Asset) (*Session, error) {
	text, err := json.Marshal(map[string]any{"manifest": files})
	if err != nil {
		return nil, err
	}
	var params workers.ScriptAssetUploadNewParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	res, err := c.scripts.Assets.Upload.New(ctx, worker, params, option.WithRequestBody("application/json", text))
	if err != nil {
		return nil, failed("begin the upload of static files", err)
	}
	return &Session{res.JWT, res.Buckets}, nil
}

// UploadAssets sends a bucket, whose files are in base64 under their hashes. Once all have been sent it returns the JWT for the script's metadata.
func (c *Client) UploadAssets(ctx context.Context, s *Session, files []Module) (jwt string, err error) {
	contentType, body, err := form(files)
	if err != nil {
		return "", err
	}
	var params workers.AssetUploadNewParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	var answer struct {
		Result struct {
			JWT string `json:"jwt"`
		} `json:"result"`
	}
	assets := workers.NewAssetUploadService(c.scripts.Options...)
	_, err = assets.New(ctx, params, option.WithQuery("base64", "true"), option.WithRequestBody(contentType, body), option.WithResponseBodyInto(&answer),
		option.WithHeader("Authorization", "Bearer "+s.JWT))
	return answer.Result.JWT, failed("upload static files", err)
}
