package cloudflare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/cloudflare/cloudflare-go/v6/option"
	"github.com/cloudflare/cloudflare-go/v6/workers"
)

// Script is what the account has under the name of a Worker.
type Script struct {
	Exists           bool
	Tag              string
	MigrationTag     string
	Tags             []string
	LastDeployedFrom string
}

// Script looks for a Worker. One that is not there is no error.
func (c *Client) Script(ctx context.Context, name string) (s Script, err error) {
	var service struct {
		Environment struct {
			Script struct {
				Tag              string   `json:"tag"`
				MigrationTag     string   `json:"migration_tag"`
				Tags             []string `json:"tags"`
				LastDeployedFrom string   `json:"last_deployed_from"`
			} `json:"script"`
		} `json:"default_environment"`
	}
	err = c.raw(ctx, http.MethodGet, c.path("workers", "services", name), nil, nil, &service)
	if IsMissing(err) {
		return Script{}, nil
	}
	found := service.Environment.Script
	return Script{err == nil, found.Tag, found.MigrationTag, found.Tags, found.LastDeployedFrom}, failed("look for the Worker "+name, err)
}

// Module is one file of an upload.
type Module struct {
	Name    string
	Type    string // a media type
	Content []byte
}

// Upload is a version of a Worker: its modules and what is said about them.
type Upload struct {
	Metadata map[string]any
	Modules  []Module
}

// Encode writes the upload as multipart/form-data.
func (u *Upload) Encode() (contentType string, body []byte, err error) {
	metadata, err := json.Marshal(u.Metadata)
	if err != nil {
		return "", nil, fmt.Errorf("the metadata cannot be written as JSON: %w", err)
	}
	return form(append([]Module{{Name: "metadata", Content: metadata}}, u.Modules...))
}

// form writes parts. Those with a type are files.
func form(parts []Module) (contentType string, body []byte, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"`, quoted(p.Name))}}
		if p.Type != "" {
			h["Content-Disposition"][0] += fmt.Sprintf(`; filename="%s"`, quoted(p.Name))
			h.Set("Content-Type", p.Type)
		}
		part, err := w.CreatePart(h)
		if err != nil {
			return "", nil, err
		}
		if _, err := part.Write(p.Content); err != nil {
			return "", nil, err
		}
	}
	if err := w.Close(); err != nil {
		return "", nil, err
	}
	return w.FormDataContentType(), b.Bytes(), nil
}

// quoted is a name as browsers write it in a form.
func quoted(name string) string {
	return strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A").Replace(name)
}

// Uploaded is what became of an upload.
type Uploaded struct {
	Version string
	Startup int // milliseconds
	Preview bool
}

// Put uploads a Worker and makes it live at once, with the migrations in the metadata.
func (c *Client) Put(ctx context.Context, name string, u *Upload) (Uploaded, error) {
	var answer struct {
		Result struct {
			Deployment string `json:"deployment_id"`
			Startup    int    `json:"startup_time_ms"`
		} `json:"result"`
	}
	contentType, body, err := u.Encode()
	if err != nil {
		return Uploaded{}, err
	}
	var params workers.ScriptUpdateParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	_, err = c.scripts.Update(ctx, name, params, option.WithRequestBody(contentType, body), option.WithResponseBodyInto(&answer),
		option.WithQuery("excludeScript", "true"), option.WithQuery("bindings_inherit", "strict"))
	return Uploaded{hyphened(answer.Result.Deployment), answer.Result.Startup, false}, failed("upload the Worker "+name, err)
}

// NewVersion uploads a version that is not live until it is deployed.
func (c *Client) NewVersion(ctx context.Context, name string, u *Upload) (Uploaded, error) {
	var answer struct {
		Result struct {
			ID       string `json:"id"`
			Startup  int    `json:"startup_time_ms"`
			Metadata struct {
				Preview bool `json:"has_preview"`
			} `json:"metadata"`
		} `json:"result"`
	}
	contentType, body, err := u.Encode()
	if err != nil {
		return Uploaded{}, err
	}
	var params workers.ScriptVersionNewParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	_, err = c.scripts.Versions.New(ctx, name, params, option.WithRequestBody(contentType, body), option.WithResponseBodyInto(&answer), option.WithQuery("bindings_inherit", "strict"))
	return Uploaded{answer.Result.ID, answer.Result.Startup, answer.Result.Metadata.Preview}, failed("upload a version of the Worker "+name, err)
}

// set fills a field of cloudflare-go's parameters; its constructor for them is in the root package.
func set[T any](value *T, present *bool, to T) { *value, *present = to, true }

// hyphened is a UUID as versions have it; uploads answer it without hyphens.
func hyphened(id string) string {
	if len(id) != 32 {
		return id
	}
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

// Settings changes what belongs to a Worker, and not to a version of it.
func (c *Client) Settings(ctx context.Context, name string, settings map[string]any) error {
	body, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	var params workers.ScriptSettingEditParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	_, err = c.scripts.Settings.Edit(ctx, name, params, option.WithRequestBody("application/json", body))
	return failed("change the settings of "+name, err)
}

// Bindings are those of a Worker that is there, as the API has them.
func (c *Client) Bindings(ctx context.Context, name string) ([]map[string]any, error) {
	var settings struct {
		Bindings []map[string]any `json:"bindings"`
	}
	err := c.raw(ctx, http.MethodGet, c.path("workers", "scripts", name, "settings"), nil, nil, &settings)
	return settings.Bindings, failed("read the bindings of "+name, err)
}

// path joins elements below the account.
func (c *Client) path(elements ...string) string {
	path := "accounts/" + url.PathEscape(c.options.Account)
	for _, e := range elements {
		path += "/" + url.PathEscape(e)
	}
	return path
}

// raw sends a request that cloudflare-go has no method for, or one to a store.
func (c *Client) raw(ctx context.Context, method, path string, query url.Values, body, result any) error {
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = bytes.NewReader(b)
	}
	target := c.base.String() + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, text)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		if method == http.MethodPatch {
			req.Header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer := struct {
		Result any `json:"result"`
	}{result}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("the answer to %s %s is not JSON: %w", method, path, err)
	}
	return nil
}
