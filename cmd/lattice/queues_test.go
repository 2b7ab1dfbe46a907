package main

import (
	"strings"
	"testing"
)

func TestQueuesOnCloudflare(t *testing.T) {
	api, ok, fails := accountProject(t)
	out := ok("queues", "create", "jobs", "--delivery-delay-secs", "5")
	for _, want := range []string{"Created the queue jobs\n", "[[queues.producers]]\nbinding = \"jobs\"\nqueue = \"jobs\"\n", "[[queues.consumers]]\nqueue = \"jobs\"\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%s\nwant %s", out, want)
		}
	}
	if post := api.Find("POST", "/accounts/*/queues"); string(post[0].Body) != `{"queue_name":"jobs","settings":{"delivery_delay":5}}` {
		t.Errorf("sent %s", post[0].Body)
	}
	fails("already taken", "queues", "create", "jobs")
	if out := ok("queues", "list"); !strings.Contains(out, "  jobs  0 producers  0 consumers\n") {
		t.Error(out)
	}
	ok("queues", "consumer", "add", "jobs", "w", "--batch-timeout", "3", "--batch-size", "7", "--dead-letter-queue", "dead")
	if c := api.Consumers("jobs"); len(c) != 1 || c[0]["script_name"] != "w" || c[0]["dead_letter_queue"] != "dead" || c[0]["settings"].(map[string]any)["max_wait_time_ms"] != 3000.0 {
		t.Errorf("%v", c)
	}
	if out := ok("queues", "info", "jobs"); !strings.Contains(out, "consumer  worker w\n") {
		t.Error(out)
	}
	fails("the Worker v does not consume the queue jobs: its consumers are worker w", "queues", "consumer", "remove", "jobs", "v")
	ok("queues", "consumer", "remove", "jobs", "w")
	if c := api.Consumers("jobs"); len(c) != 0 {
		t.Errorf("%v", c)
	}
	fails("the account has no queue job: `lattice queues list`", "queues", "info", "job")
	fails("add --yes", "queues", "delete", "jobs")
	ok("queues", "delete", "jobs", "-y")
	if out := ok("queues", "list", "--json"); out != "[]\n" {
		t.Error(out)
	}
	write(t, "wrangler.toml", "name = \"w\"\n[[queues.producers]]\nbinding = \"JOBS\"\nqueue = \"jobs\"\n[[queues.consumers]]\nqueue = \"jobs\"\ndead_letter_queue = \"dead\"\n")
	if out := ok("queues", "list", "--local"); out != "jobs  0 messages  bindings: JOBS  consumed here  dead letters: dead\ndead  0 messages  bindings: none  not consumed here\n" {
		t.Error(out)
	}
}
