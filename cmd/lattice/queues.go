package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/inspector"
	local "grove.place/lattice/local-runtime"
)

const queuesHelp = `lattice queues COMMAND [flags]

The queues of an account on Cloudflare, and those of "lattice dev", whose messages the inspector shows (docs/inspector.md).

  lattice queues create NAME                    make a queue, and print what to add to the configuration
  lattice queues list                           all of the account; --local those of lattice dev, with how many messages wait
  lattice queues info NAME                      who sends to it, and who consumes it
  lattice queues delete NAME                    with the messages in it; asks before, unless --yes
  lattice queues consumer add NAME WORKER       let a Worker consume it; "lattice deploy" does so as the configuration says
  lattice queues consumer remove NAME WORKER
` + credentialsHelp

func runQueues(ctx context.Context, args []string, out, errs io.Writer) error {
	return cloudCommands{"queues", queuesHelp, map[string]func(context.Context, *cloudCommand, []string) error{
		"create": queuesCreate, "list": queuesList, "info": queuesInfo, "delete": queuesDelete, "consumer add": queuesAdd, "consumer remove": queuesRemove,
	}}.start(ctx, args, out, errs)
}

func queuesCreate(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.accountFlags("queues create", queuesHelp)
	delay := fs.Int("delivery-delay-secs", 0, "`seconds` that messages wait before they are delivered")
	retention := fs.Int("message-retention-period-secs", 0, "`seconds` that messages are kept for: 60 to 1209600")
	given, err := c.parse(fs, args, "NAME", 1, 1)
	if err != nil {
		return err
	}
	client, err := c.account(ctx)
	if err != nil {
		return err
	}
	settings := map[string]int{}
	if c.given("delivery-delay-secs") {
		settings["delivery_delay"] = *delay
	}
	if c.given("message-retention-period-secs") {
		settings["message_retention_period"] = *retention
	}
	q, err := client.CreateQueue(ctx, given[0], settings)
	if err != nil {
		return err
	}
	if err := c.created(q, "Created the queue "+q.Name, "queues.producers", "binding", bindingOf("", q.Name), "queue", q.Name); err != nil || c.json {
		return err
	}
	fmt.Fprintf(c.out, "\nto send to it, and in the Worker that consumes it:\n\n%s\n", c.cfg.Add(c.table("queues.consumers"), true, "queue", q.Name))
	return nil
}

func queuesList(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.accountFlags("queues list", queuesHelp)
	here := fs.Bool("local", false, "those that the configuration names, which lattice dev has, with the messages that wait")
	persist := fs.String("persist-to", "", "with --local: `folder` for what the program stores (default .lattice/state beside the configuration)")
	fs.Bool("remote", true, "those of the account, which is the default")
	if _, err := c.parse(fs, args, "", 0, 0); err != nil {
		return err
	}
	if *here {
		return c.localQueues(ctx, *persist)
	}
	client, err := c.account(ctx)
	if err != nil {
		return err
	}
	list, err := client.AllQueues(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{}
	for _, q := range list {
		rows = append(rows, []string{q.ID, q.Name, count(len(q.Producers), "producer"), count(len(q.Consumers), "consumer")})
	}
	return c.print(append([]cloudflare.QueueInfo{}, list...), rows)
}

// localQueues are those that the configuration names, with what waits in them.
func (c *cloudCommand) localQueues(ctx context.Context, persist string) error {
	if err := c.settings(); err != nil {
		return err
	}
	type queue struct {
		Name       string   `json:"queue_name"`
		Bindings   []string `json:"bindings"`
		Consumed   bool     `json:"consumed"`
		DeadLetter string   `json:"dead_letter_queue,omitempty"`
		Messages   int      `json:"messages"`
	}
	all, rows := []*queue{}, [][]string{}
	named := func(name string) *queue {
		for _, q := range all {
			if q.Name == name {
				return q
			}
		}
		all = append(all, &queue{Name: name, Bindings: []string{}})
		return all[len(all)-1]
	}
	for _, p := range c.cfg.Producers {
		q := named(p.Queue)
		q.Bindings = append(q.Bindings, p.Binding)
	}
	for _, each := range c.cfg.Consumers {
		q := named(each.Queue)
		q.Consumed, q.DeadLetter = true, each.DeadLetterQueue
		if each.DeadLetterQueue != "" {
			named(each.DeadLetterQueue)
		}
	}
	var names []string
	for _, q := range all {
		names = append(names, q.Name)
	}
	waiting, err := c.waitingMessages(ctx, &stateFolder{c.project, persist}, names)
	if err != nil {
		return err
	}
	for _, q := range all {
		q.Messages = waiting[q.Name]
		row := []string{q.Name, count(q.Messages, "message"), "bindings: " + orNone(q.Bindings), "not consumed here"}
		if q.Consumed {
			row[3] = "consumed here"
		}
		if q.DeadLetter != "" {
			row = append(row, "dead letters: "+q.DeadLetter)
		}
		rows = append(rows, row)
	}
	return c.print(all, rows)
}

// waitingMessages counts what waits in queues: in lattice dev while that runs, or else in the folder.
func (c *cloudCommand) waitingMessages(ctx context.Context, at *stateFolder, names []string) (map[string]int, error) {
	var list []local.Queue
	if _, err := os.Stat(at.path()); err != nil {
		return nil, nil // nothing has been stored
	}
	store := &storeCommand{stateFolder: *at, errs: c.errs}
	err := store.reach(ctx, func(server *inspector.Server, wait time.Duration) (err error) {
		list, err = server.Queues(ctx, names, wait)
		return err
	}, func() error {
		bound := map[string]string{}
		for _, name := range names {
			bound[name] = name
		}
		host, err := store.openFolder(ctx, local.Options{Queues: bound})
		if err != nil {
			return err
		}
		list, err = host.Queues()
		return errors.Join(err, host.Close())
	})
	if err != nil {
		return nil, err
	}
	waiting := map[string]int{}
	for _, q := range list {
		waiting[q.Name] = q.Messages
	}
	return waiting, nil
}

// oneQueue finds the queue that an argument names.
func (c *cloudCommand) oneQueue(ctx context.Context, name string) (*cloudflare.Client, cloudflare.QueueInfo, error) {
	client, err := c.account(ctx)
	if err != nil {
		return nil, cloudflare.QueueInfo{}, err
	}
	q, err := client.FindQueue(ctx, name)
	return client, q, err
}

func queuesInfo(ctx context.Context, c *cloudCommand, args []string) error {
	given, err := c.parse(c.accountFlags("queues info", queuesHelp), args, "NAME", 1, 1)
	if err != nil {
		return err
	}
	_, q, err := c.oneQueue(ctx, given[0])
	if err != nil {
		return err
	}
	rows := [][]string{{"name", q.Name}, {"id", q.ID}}
	if q.Created != "" {
		rows = append(rows, []string{"created", q.Created})
	}
	if q.Settings.Delay != 0 {
		rows = append(rows, []string{"delivery delay", strconv.Itoa(q.Settings.Delay) + " s"})
	}
	if q.Settings.Retention != 0 {
		rows = append(rows, []string{"retention", strconv.Itoa(q.Settings.Retention) + " s"})
	}
	for _, p := range q.Producers {
		rows = append(rows, []string{"producer", strings.TrimSpace(p.Type + " " + p.Script + p.Bucket)})
	}
	for _, each := range q.Consumers {
		rows = append(rows, []string{"consumer", strings.TrimSpace(each.Type + " " + each.Worker())})
	}
	return c.print(q, rows)
}

func queuesDelete(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.accountFlags("queues delete", queuesHelp)
	yes := askFlags(fs)
	given, err := c.parse(fs, args, "NAME", 1, 1)
	if err != nil {
		return err
	}
	client, q, err := c.oneQueue(ctx, given[0])
	if err != nil {
		return err
	}
	if err := c.confirm(*yes, fmt.Sprintf("Delete the queue %s on Cloudflare, with the messages in it?", q.Name)); err != nil {
		return err
	}
	if err := client.DeleteQueue(ctx, q); err != nil {
		return err
	}
	return c.print(q, [][]string{{"Deleted the queue " + q.Name}})
}

func queuesAdd(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.accountFlags("queues consumer add", queuesHelp)
	settings := map[string]any{}
	number := func(flag, key string, times int, usage string) {
		fs.Func(flag, usage, func(text string) error {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				return errors.New("write a number")
			}
			settings[key] = n * times
			return nil
		})
	}
	number("batch-size", "batch_size", 1, "the most messages of a batch: a `number`")
	number("batch-timeout", "max_wait_time_ms", 1000, "`seconds` that a batch waits to be full")
	number("message-retries", "max_retries", 1, "the most retries of a message: a `number`")
	number("max-concurrency", "max_concurrency", 1, "the most batches at a time: a `number`")
	number("retry-delay-secs", "retry_delay", 1, "`seconds` before a retry")
	dead := fs.String("dead-letter-queue", "", "`queue` for messages that have failed too often")
	given, err := c.parse(fs, args, "NAME WORKER", 2, 2)
	if err != nil {
		return err
	}
	client, q, err := c.oneQueue(ctx, given[0])
	if err != nil {
		return err
	}
	consumer := map[string]any{"type": "worker", "script_name": given[1], "settings": settings}
	if *dead != "" {
		consumer["dead_letter_queue"] = *dead
	}
	if err := client.SetConsumer(ctx, q.Name, given[1], consumer); err != nil {
		return err
	}
	return c.print(map[string]string{"queue_name": q.Name, "script_name": given[1]}, [][]string{{given[1] + " consumes the queue " + q.Name}})
}

func queuesRemove(ctx context.Context, c *cloudCommand, args []string) error {
	given, err := c.parse(c.accountFlags("queues consumer remove", queuesHelp), args, "NAME WORKER", 2, 2)
	if err != nil {
		return err
	}
	client, q, err := c.oneQueue(ctx, given[0])
	if err != nil {
		return err
	}
	var names []string
	for _, each := range q.Consumers {
		if each.Worker() == given[1] {
			if err := client.RemoveConsumer(ctx, q, each.ID); err != nil {
				return err
			}
			return c.print(map[string]string{"queue_name": q.Name, "script_name": given[1]}, [][]string{{given[1] + " no longer consumes the queue " + q.Name}})
		}
		names = append(names, strings.TrimSpace(each.Type+" "+each.Worker()))
	}
	return fmt.Errorf("the Worker %s does not consume the queue %s: its consumers are %s", given[1], q.Name, orNone(names))
}
