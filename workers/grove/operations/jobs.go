// Package operations runs what takes longer than a request, and what keeps Grove going: exports and deletions of people and sites, the daily tidying, and what
// operators see and do.
//
// The one idea: a job is a row in D1 that says which step it is at and how far that has come. Whoever has leased the row does pieces of work and writes down after
// each how far it is; every piece may be done again, so that a job goes on after a crash at any point. A queue brings jobs to a Worker, and a cron trigger finds
// those that nobody works on any more. Start with Start and Run in this file; the steps are in export.go, erase.go and site.go.
package operations

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/queues"
)

var (
	db = d1.Database("DB")
	// Queue brings jobs to a Worker. See Consume.
	Queue = queues.Producer("JOBS")
)

// Kinds of jobs.
const (
	Export   = "export"
	Deletion = "deletion"
)

const (
	leaseFor   = 2 * time.Minute  // without a sign of life for so long, somebody else takes a job over
	sliceFor   = 20 * time.Second // how long a job is worked on in one go
	slicePiece = 40               // how many pieces of work are done in one go: each makes up to 22 calls, of the 1,000 that an event may make
	firstRetry = 15 * time.Second
	lastRetry  = time.Hour
	maxTries   = 12 // of an export without progress; a deletion is tried for ever
)

// job is a job as whoever has leased it sees it.
type job struct {
	ID          string `json:"id"`
	Subject     string `json:"subject"`
	RequestedBy string `json:"requested_by"`
	Step        string `json:"step"`
	Cursor      string `json:"cursor"`
	Attempts    int    `json:"attempts"`
	Parts       int    `json:"parts"`
	StartedAt   int64  `json:"started_at"` // ms

	kind  string
	lease string
}

// message is what Queue carries.
type message struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// step is a part of a job. It does one piece of work and says how it goes on.
type step struct {
	name string
	do   func(ctx context.Context, j *job) (next, error)
}

// next says how a job goes on: at Cursor of the same step, or with the following step when Done. After is how long to wait before.
type next struct {
	Cursor string
	Done   bool
	After  time.Duration
}

// stepsOf returns the steps of a job, in order.
func (j *job) stepsOf() []step {
	switch {
	case j.kind == Export && j.user() != "":
		return exportUser
	case j.kind == Export:
		return exportSite
	case j.user() != "":
		return eraseUser
	default:
		return eraseSite
	}
}

const (
	userSubject = "user:"
	siteSubject = "tenant:"
)

// user is the id of the person that the job is about, "" if it is about a site; site is the other way round.
func (j *job) user() string { return cutPrefix(j.Subject, userSubject) }
func (j *job) site() string { return cutPrefix(j.Subject, siteSubject) }

func cutPrefix(text, prefix string) string {
	if len(text) > len(prefix) && text[:len(prefix)] == prefix {
		return text[len(prefix):]
	}
	return ""
}

// statements of the two tables of jobs. They differ in names only.
type statements struct{ take, save, release, due string }

var of = map[string]statements{
	Export: {
		take: `UPDATE export_jobs SET lease = ?2, due_at = ?3, heartbeat_at = ?4, attempts = attempts + 1 WHERE id = ?1 AND state = 'running' AND due_at <= ?4
			RETURNING id, subject, requested_by, step, cursor, attempts, parts, created_at AS started_at`,
		save:    `UPDATE export_jobs SET step = ?3, cursor = ?4, parts = ?5, due_at = ?6, heartbeat_at = ?7, attempts = 0, error = '' WHERE id = ?1 AND lease = ?2 AND state = 'running'`,
		release: `UPDATE export_jobs SET lease = '', due_at = ?3, error = ?4, state = CASE WHEN ?4 <> '' AND attempts >= ?5 THEN 'failed' ELSE state END WHERE id = ?1 AND lease = ?2`,
		due:     `SELECT id FROM export_jobs WHERE state = 'running' AND due_at <= ? ORDER BY due_at LIMIT 50`,
	},
	Deletion: {
		take: `UPDATE deletion_jobs SET lease = ?2, due_at = ?3, heartbeat_at = ?4, attempts = attempts + 1 WHERE id = ?1 AND state = 'running' AND due_at <= ?4
			RETURNING id, subject, requested_by, step, cursor, attempts, 0 AS parts, started_at`,
		save:    `UPDATE deletion_jobs SET step = ?3, cursor = ?4, due_at = ?6, heartbeat_at = ?7, attempts = 0, error = '' WHERE id = ?1 AND lease = ?2 AND state = 'running' AND ?5 >= 0`,
		release: `UPDATE deletion_jobs SET lease = '', due_at = ?3, error = ?4 WHERE id = ?1 AND lease = ?2 AND ?5 > 0`,
		due:     `SELECT id FROM deletion_jobs WHERE state = 'running' AND due_at <= ? ORDER BY due_at LIMIT 50`,
	},
}

// errLost means that somebody else has taken the job over: whoever gets it stops at once.
var errLost = errors.New("operations: the job was taken over")

// send brings a job to a Worker soon. When the queue cannot be reached the cron trigger does it later.
func send(ctx context.Context, kind, id string, after time.Duration) {
	if err := Queue.SendBatch(ctx, queues.Message{Body: message{kind, id}, Delay: after}); err != nil {
		slog.WarnContext(ctx, "job waits for the next sweep", "job", id, "kind", kind, "error", err)
	}
}

// Run works on a job for a while, if it is due and nobody else does. It sends the job to the queue again when there is more to do.
func Run(ctx context.Context, kind, id string) error {
	j, err := take(ctx, kind, id)
	if err != nil || j == nil {
		return err
	}
	after, finished, err := j.work(ctx)
	switch {
	case errors.Is(err, errLost):
		slog.WarnContext(ctx, "job taken over by somebody else", "job", j.ID, "kind", kind)
		return nil
	case err != nil:
		return j.fail(ctx, err)
	case finished:
		slog.InfoContext(ctx, "job done", "job", j.ID, "kind", kind)
		return nil
	}
	if err := j.release(ctx, time.Now().Add(after), ""); err != nil {
		return err
	}
	send(ctx, kind, j.ID, after)
	return nil
}

// take leases a job. It returns nil when the job is done, is not due, or is somebody else's.
func take(ctx context.Context, kind, id string) (*job, error) {
	s, known := of[kind]
	if !known || !ids.Valid(id) {
		return nil, fmt.Errorf("operations: there is no job %q of kind %q", id, kind)
	}
	var b [16]byte
	rand.Read(b[:])
	lease, now := hex.EncodeToString(b[:]), time.Now()
	j := &job{}
	found, err := db.Prepare(s.take).Bind(id, lease, now.Add(leaseFor), now).First(ctx, j)
	if err != nil {
		return nil, fmt.Errorf("operations: take job %s: %w", id, err)
	}
	if !found {
		return nil, nil
	}
	j.kind, j.lease = kind, lease
	return j, nil
}

// work does pieces of the job, one after the other.
func (j *job) work(ctx context.Context) (after time.Duration, finished bool, err error) {
	steps, started := j.stepsOf(), time.Now()
	at := 0
	for i, s := range steps {
		if s.name == j.Step {
			at = i
		}
	}
	for range slicePiece {
		n, err := steps[at].do(ctx, j)
		if err != nil {
			return 0, false, fmt.Errorf("step %s: %w", steps[at].name, err)
		}
		if n.Done {
			if at++; at == len(steps) {
				return 0, true, nil
			}
			n.Cursor = ""
		}
		j.Step, j.Cursor = steps[at].name, n.Cursor
		if err := j.save(ctx); err != nil {
			return 0, false, err
		}
		if n.After > 0 {
			return n.After, false, nil
		}
		if time.Since(started) > sliceFor {
			break
		}
	}
	return 0, false, nil
}

// save writes down how far the job is, as long as it is still ours.
func (j *job) save(ctx context.Context) error {
	now := time.Now()
	done, err := db.Prepare(of[j.kind].save).Bind(j.ID, j.lease, j.Step, j.Cursor, j.Parts, now.Add(leaseFor), now).Run(ctx)
	if err != nil {
		return fmt.Errorf("operations: save job: %w", err)
	}
	if done.Meta.Changes == 0 {
		return errLost
	}
	j.Attempts = 0
	return nil
}

func (j *job) release(ctx context.Context, due time.Time, problem string) error {
	if _, err := db.Prepare(of[j.kind].release).Bind(j.ID, j.lease, due, problem, maxTries).Run(ctx); err != nil {
		return fmt.Errorf("operations: release job: %w", err)
	}
	return nil
}

// fail puts a job off, for longer each time. Should D1 not hear of it the lease runs out.
func (j *job) fail(ctx context.Context, cause error) error {
	wait := lastRetry
	if j.Attempts < 10 {
		wait = min(lastRetry, firstRetry<<max(0, j.Attempts-1))
	}
	slog.ErrorContext(ctx, "job put off", "job", j.ID, "kind", j.kind, "step", j.Step, "attempt", j.Attempts, "wait", wait.String(), "error", cause)
	return j.release(ctx, time.Now().Add(wait), cause.Error())
}

// sweep sends every job to the queue that is due and has nobody: those that wait or failed before, and those whose Worker is gone.
func sweep(ctx context.Context) error {
	for _, kind := range []string{Export, Deletion} {
		var list []string
		if err := db.Prepare(of[kind].due).Bind(time.Now()).All(ctx, &list); err != nil {
			return fmt.Errorf("operations: look for jobs: %w", err)
		}
		for _, id := range list {
			send(ctx, kind, id, 0)
		}
	}
	return nil
}

// Consume works on the jobs that a batch of Queue brings. A job that fails is put off in its row, so the message is done with either way.
func Consume(ctx context.Context, batch *queues.Batch) error {
	for _, d := range batch.Messages {
		var m message
		if err := d.Decode(&m); err != nil {
			slog.ErrorContext(ctx, "job message unreadable", "error", err)
			d.Ack()
			continue
		}
		if err := Run(ctx, m.Kind, m.ID); err != nil {
			slog.ErrorContext(ctx, "job not run: the next sweep will", "job", m.ID, "kind", m.Kind, "error", err)
		}
		d.Ack()
	}
	return nil
}
