package cloudflare

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// workerRef is one that a list of references names.
type workerRef struct {
	Service     string `json:"service"`
	Environment string `json:"environment"`
	Namespace   string `json:"durable_object_namespace_name"`
	Dispatch    string `json:"namespace"`
}

func (w workerRef) String() string {
	if w.Environment == "" || w.Environment == "production" {
		return w.Service
	}
	return w.Service + " (" + w.Environment + ")"
}

// UsedBy says which other Workers lead to one, each in a sentence.
func (c *Client) UsedBy(ctx context.Context, name string) (uses []string, err error) {
	var refs struct {
		Services struct {
			Incoming []workerRef `json:"incoming"`
			Pages    bool        `json:"pages_function"`
		} `json:"services"`
		Objects  []workerRef `json:"durable_objects"`
		Outbound []workerRef `json:"dispatch_outbounds"`
	}
	var tails []struct {
		Producer workerRef `json:"producer"`
	}
	err = c.raw(ctx, http.MethodGet, c.path("workers", "scripts", name, "references"), nil, nil, &refs)
	if err == nil {
		err = c.raw(ctx, http.MethodGet, c.path("workers", "tails", "by-consumer", name), nil, nil, &tails)
	}
	for _, w := range refs.Services.Incoming {
		uses = append(uses, fmt.Sprintf("%s has a service binding to it", w))
	}
	if refs.Services.Pages {
		uses = append(uses, "a Pages project has a service binding to it")
	}
	for _, w := range refs.Objects {
		if w.Service != name {
			uses = append(uses, fmt.Sprintf("%s is bound to its objects %s", w, w.Namespace))
		}
	}
	for _, w := range refs.Outbound {
		uses = append(uses, fmt.Sprintf("%s sends requests of the dispatch namespace %s through it", w, w.Dispatch))
	}
	for _, t := range tails {
		uses = append(uses, fmt.Sprintf("%s has it as tail Worker", t.Producer))
	}
	return uses, failed("look for what uses "+name, err)
}

// DeleteWorker deletes a Worker with its versions, secrets, routes and the objects of its classes. One that others lead to is deleted by force only.
func (c *Client) DeleteWorker(ctx context.Context, name string, force bool) error {
	err := c.raw(ctx, http.MethodDelete, c.path("workers", "services", name), url.Values{"force": {strconv.FormatBool(force)}}, nil, nil)
	return failed("delete the Worker "+name, err)
}
