package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/cloudflare/cloudflare-go/v6/option"
	"github.com/cloudflare/cloudflare-go/v6/workers"
)

// Version is an upload of a Worker.
type Version struct {
	ID       string    `json:"id"`
	Number   int       `json:"number"`
	Created  time.Time `json:"created_on"`
	Author   string    `json:"author,omitempty"`
	Source   string    `json:"source,omitempty"`
	Message  string    `json:"message,omitempty"`
	Tag      string    `json:"tag,omitempty"`
	Bindings []Binding `json:"bindings,omitempty"`
	Date     string    `json:"compatibility_date,omitempty"`
	Flags    []string  `json:"compatibility_flags,omitempty"`
	Handlers []string  `json:"handlers,omitempty"`
}

// Binding is one of a version.
type Binding struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// version is one as the API has it.
type version struct {
	ID          string            `json:"id"`
	Number      int               `json:"number"`
	Annotations map[string]string `json:"annotations"`
	Metadata    struct {
		Created time.Time `json:"created_on"`
		Author  string    `json:"author_email"`
		Source  string    `json:"source"`
	} `json:"metadata"`
	Resources struct {
		Bindings []Binding `json:"bindings"`
		Script   struct {
			Handlers []string `json:"handlers"`
		} `json:"script"`
		Runtime struct {
			Date  string   `json:"compatibility_date"`
			Flags []string `json:"compatibility_flags"`
		} `json:"script_runtime"`
	} `json:"resources"`
}

func (v version) version() Version {
	return Version{v.ID, v.Number, v.Metadata.Created, v.Metadata.Author, v.Metadata.Source, v.Annotations["workers/message"], v.Annotations["workers/tag"],
		v.Resources.Bindings, v.Resources.Runtime.Date, v.Resources.Runtime.Flags, v.Resources.Script.Handlers}
}

// Versions lists those that can be deployed, the newest first.
func (c *Client) Versions(ctx context.Context, name string) (list []Version, err error) {
	var answer struct {
		Result struct {
			Items []version `json:"items"`
		} `json:"result"`
	}
	var params workers.ScriptVersionListParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	_, err = c.scripts.Versions.List(ctx, name, params, option.WithQuery("deployable", "true"), option.WithResponseBodyInto(&answer))
	for _, v := range answer.Result.Items {
		list = append(list, v.version())
	}
	return list, failed("list the versions of "+name, err)
}

// Version is one of a Worker.
func (c *Client) Version(ctx context.Context, name, id string) (Version, error) {
	var answer struct {
		Result version `json:"result"`
	}
	var params workers.ScriptVersionGetParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	_, err := c.scripts.Versions.Get(ctx, name, id, params, option.WithResponseBodyInto(&answer))
	return answer.Result.version(), failed("read version "+id+" of "+name, err)
}

// Share is the part of the requests that a version gets.
type Share struct {
	Version    string  `json:"version_id"`
	Percentage float64 `json:"percentage"`
}

// Deployment says which versions are live since when.
type Deployment struct {
	ID       string    `json:"id"`
	Created  time.Time `json:"created_on"`
	Author   string    `json:"author_email,omitempty"`
	Source   string    `json:"source,omitempty"`
	Message  string    `json:"message,omitempty"`
	Versions []Share   `json:"versions"`

	Annotations map[string]string `json:"-"`
}

// Deployments lists those of a Worker, the one in effect first.
func (c *Client) Deployments(ctx context.Context, name string) (list []Deployment, err error) {
	var answer struct {
		Result struct {
			Deployments []struct {
				Deployment
				Annotations map[string]string `json:"annotations"`
			} `json:"deployments"`
		} `json:"result"`
	}
	var params workers.ScriptDeploymentListParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	_, err = c.scripts.Deployments.List(ctx, name, params, option.WithResponseBodyInto(&answer))
	for _, d := range answer.Result.Deployments {
		d.Message = d.Annotations["workers/message"]
		list = append(list, d.Deployment)
	}
	return list, failed("list the deployments of "+name, err)
}

// Release makes versions live, each for its share of the requests. strategy is durable_objects.code_update_strategy of the configuration, or nil.
func (c *Client) Release(ctx context.Context, name string, shares []Share, message string, strategy any, force bool) error {
	body := map[string]any{"strategy": "percentage", "versions": shares, "annotations": map[string]any{}}
	if message != "" {
		body["annotations"] = map[string]any{"workers/message": message}
	}
	if strategy != nil {
		body["code_update_strategy"] = strategy
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var params workers.ScriptDeploymentNewParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	opts := []option.RequestOption{option.WithRequestBody("application/json", text)}
	if force {
		opts = append(opts, option.WithQuery("force", "true"))
	}
	_, err = c.scripts.Deployments.New(ctx, name, params, opts...)
	return failed("deploy a version of "+name, err)
}

// Secrets lists the names of the secrets of a Worker. One that is not there has none.
func (c *Client) Secrets(ctx context.Context, name string) (names []string, err error) {
	var params workers.ScriptSecretListParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	page, err := c.scripts.Secrets.List(ctx, name, params)
	if err != nil {
		return nil, failed("list the secrets of "+name, err)
	}
	for _, s := range page.Result {
		names = append(names, s.Name)
	}
	return names, nil
}

// PutSecret sets a secret, which is live at once, in a version of its own.
func (c *Client) PutSecret(ctx context.Context, worker, name, value string) error {
	text, err := json.Marshal(map[string]string{"name": name, "text": value, "type": "secret_text"})
	if err != nil {
		return err
	}
	var params workers.ScriptSecretUpdateParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.options.Account)
	_, err = c.scripts.Secrets.Update(ctx, worker, params, option.WithRequestBody("application/json", text))
	return failed(fmt.Sprintf("set the secret %s of %s", name, worker), err)
}

// DeleteSecret takes a secret away, at once.
func (c *Client) DeleteSecret(ctx context.Context, worker, name string) error {
	err := c.raw(ctx, http.MethodDelete, c.path("workers", "scripts", worker, "secrets", name), url.Values{"url_encoded": {"true"}}, nil, nil)
	return failed(fmt.Sprintf("delete the secret %s of %s", name, worker), err)
}

// PutSecrets sets several secrets in one version; nil takes one away.
func (c *Client) PutSecrets(ctx context.Context, worker string, values map[string]*string) error {
	secrets := map[string]any{}
	for name, v := range values {
		if v == nil {
			secrets[name] = nil
			continue
		}
		secrets[name] = map[string]string{"name": name, "text": *v, "type": "secret_text"}
	}
	err := c.raw(ctx, http.MethodPatch, c.path("workers", "scripts", worker, "secrets-bulk"), nil, map[string]any{"secrets": secrets}, nil)
	return failed(fmt.Sprintf("set %d secrets of %s", len(values), worker), err)
}
