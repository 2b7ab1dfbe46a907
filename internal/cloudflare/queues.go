package cloudflare

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// QueueInfo is a queue of the account, with who sends to it and who consumes it (https://developers.cloudflare.com/queues/).
type QueueInfo struct {
	ID        string `json:"queue_id"`
	Name      string `json:"queue_name"`
	Created   string `json:"created_on,omitempty"`
	Modified  string `json:"modified_on,omitempty"`
	Producers []struct {
		Type   string `json:"type,omitempty"`
		Script string `json:"script,omitempty"`
		Bucket string `json:"bucket_name,omitempty"`
	} `json:"producers"`
	Consumers []QueueConsumer `json:"consumers"`
	Settings  struct {
		Delay     int  `json:"delivery_delay,omitempty"`           // seconds
		Retention int  `json:"message_retention_period,omitempty"` // seconds
		Paused    bool `json:"delivery_paused,omitempty"`
	} `json:"settings"`
}

// QueueConsumer is what consumes a queue: a Worker, or those who pull.
type QueueConsumer struct {
	ID      string `json:"consumer_id"`
	Type    string `json:"type"` // worker or http_pull
	Script  string `json:"script,omitempty"`
	Service string `json:"service,omitempty"`
}

// Worker is the name of the Worker that consumes, or "".
func (q QueueConsumer) Worker() string {
	if q.Script != "" {
		return q.Script
	}
	return q.Service
}

// AllQueues lists the queues of the account.
func (c *Client) AllQueues(ctx context.Context) ([]QueueInfo, error) {
	list, err := listed[QueueInfo](ctx, c, c.path("queues"), nil)
	return list, failed("list the queues", err)
}

// FindQueue finds a queue by its name.
func (c *Client) FindQueue(ctx context.Context, name string) (QueueInfo, error) {
	list, err := listed[QueueInfo](ctx, c, c.path("queues"), url.Values{"name": {name}})
	if err != nil {
		return QueueInfo{}, failed("look for the queue "+name, err)
	}
	for _, q := range list {
		if q.Name == name {
			return q, nil
		}
	}
	return QueueInfo{}, fmt.Errorf("the account has no queue %s: `lattice queues list` shows those that there are, `lattice queues create` makes one", name)
}

// CreateQueue makes a queue. Settings go by the API's names; without any they are Cloudflare's.
func (c *Client) CreateQueue(ctx context.Context, name string, settings map[string]int) (q QueueInfo, err error) {
	body := map[string]any{"queue_name": name}
	if len(settings) > 0 {
		body["settings"] = settings
	}
	err = c.raw(once(ctx), http.MethodPost, c.path("queues"), nil, body, &q)
	return q, failed("create the queue "+name, err)
}

// DeleteQueue deletes a queue with the messages in it.
func (c *Client) DeleteQueue(ctx context.Context, q QueueInfo) error {
	return failed("delete the queue "+q.Name, c.raw(ctx, http.MethodDelete, c.path("queues", q.ID), nil, nil, nil))
}

// RemoveConsumer takes a consumer away from a queue.
func (c *Client) RemoveConsumer(ctx context.Context, q QueueInfo, consumer string) error {
	return failed("take the consumer from the queue "+q.Name, c.raw(ctx, http.MethodDelete, c.path("queues", q.ID, "consumers", consumer), nil, nil, nil))
}
