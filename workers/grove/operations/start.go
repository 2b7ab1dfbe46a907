package operations

import (
	"context"
	"fmt"
	"time"

	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/web"
)

// keepExports is how long an export can be fetched.
const keepExports = 7 * 24 * time.Hour

// maxExports is how many exports somebody can ask for in a day.
const maxExports = 5

// Job is a job as those see it who asked for it.
type Job struct {
	ID        string `json:"id"`
	State     string `json:"state"` // "running", "done" or "failed"
	Step      string `json:"step,omitempty"`
	Parts     int    `json:"parts"`
	CreatedAt int64  `json:"createdAt"`         // ms
	ExpiresAt int64  `json:"expiresAt"`         // ms; the file is deleted then
	File      string `json:"file,omitempty"`    // where the file is, once it is done
	Subject   string `json:"subject,omitempty"` // for operators
	Error     string `json:"error,omitempty"`   // for operators
}

// User and Site name what a job is about.
func User(userID string) string   { return userSubject + userID }
func Site(tenantID string) string { return siteSubject + tenantID }

// StartExport begins an export for the user who asks for it. One that runs already is not begun a second time.
func StartExport(ctx context.Context, subject, requestedBy string) (Job, error) {
	now := time.Now()
	if j, found, err := findExport(ctx, `subject = ? AND requested_by = ? AND state = 'running'`, subject, requestedBy); err != nil || found {
		return j, err
	}
	id := ids.New(now)
	done, err := db.Prepare(`INSERT INTO export_jobs (id, subject, requested_by, state, r2_key, heartbeat_at, expires_at, created_at)
		SELECT ?1, ?2, ?3, 'running', ?4, ?5, ?6, ?5 WHERE (SELECT count(*) FROM export_jobs WHERE requested_by = ?3 AND created_at > ?7) < ?8`).
		Bind(id, subject, requestedBy, exportPrefix(id), now, now.Add(keepExports), now.Add(-24*time.Hour), maxExports).Run(ctx)
	if err != nil {
		return Job{}, web.Unavailable("The export", err)
	}
	if done.Meta.Changes == 0 {
		return Job{}, &web.Problem{Status: 429, Code: "too_many_exports", Title: "Enough exports for today", Message: "Fetch one of those that you have, or ask again tomorrow.", Retry: 24 * time.Hour}
	}
	send(ctx, Export, id, 0)
	return Job{ID: id, State: "running", CreatedAt: now.UnixMilli(), ExpiresAt: now.Add(keepExports).UnixMilli()}, nil
}

const exportColumns = `SELECT id, state, step, parts, created_at AS createdAt, expires_at AS expiresAt FROM export_jobs WHERE `

func findExport(ctx context.Context, where string, args ...any) (j Job, found bool, err error) {
	found, err = db.Prepare(exportColumns+where).Bind(args...).First(ctx, &j)
	if err != nil {
		err = web.Unavailable("The export", err)
	}
	return j, found, err
}

// GetExport returns an export of the subject to whoever asked for it, and to nobody else.
func GetExport(ctx context.Context, id, subject, requestedBy string) (Job, error) {
	if !ids.Valid(id) {
		return Job{}, web.ErrNotFound
	}
	j, found, err := findExport(ctx, `id = ? AND subject = ? AND requested_by = ? AND expires_at > ?`, id, subject, requestedBy, time.Now())
	if err == nil && !found {
		err = web.ErrNotFound
	}
	return j, err
}

// ListExports returns the exports of the subject that somebody asked for, the latest first.
func ListExports(ctx context.Context, subject, requestedBy string) ([]Job, error) {
	list := []Job{}
	err := db.Prepare(exportColumns+`subject = ? AND requested_by = ? AND expires_at > ? ORDER BY created_at DESC LIMIT 20`).Bind(subject, requestedBy, time.Now()).All(ctx, &list)
	if err != nil {
		return nil, web.Unavailable("The exports", err)
	}
	return list, nil
}

// startDeletion writes down that a subject is to be deleted, and returns the id of the job. There is one for each subject.
func startDeletion(ctx context.Context, subject, requestedBy string) (string, error) {
	now := time.Now()
	var id string
	_, err := db.Prepare(`INSERT INTO deletion_jobs (id, subject, requested_by, state, started_at, heartbeat_at) VALUES (?1, ?2, ?3, 'running', ?4, ?4)
		ON CONFLICT (subject) DO UPDATE SET subject = subject RETURNING id`).Bind(ids.New(now), subject, requestedBy, now).First(ctx, &id)
	if err != nil {
		return "", fmt.Errorf("operations: start a deletion: %w", err)
	}
	return id, nil
}

// DeleteUser has a user forgotten, with the sites that they own. The account is closed when it returns; the rest follows.
func DeleteUser(ctx context.Context, userID string) error {
	return begin(ctx, User(userID), userID)
}

// DeleteSite has a site deleted. It is there no longer when it returns; the rest follows.
func DeleteSite(ctx context.Context, tenantID, requestedBy string) error {
	return begin(ctx, Site(tenantID), requestedBy)
}

func begin(ctx context.Context, subject, requestedBy string) error {
	id, err := startDeletion(ctx, subject, requestedBy)
	if err != nil {
		return web.Unavailable("The account", err)
	}
	// The first step is done at once: nobody should wait for a queue to be signed out, or to see their site gone.
	if err := Run(ctx, Deletion, id); err != nil {
		return web.Unavailable("The account", err)
	}
	return nil
}
