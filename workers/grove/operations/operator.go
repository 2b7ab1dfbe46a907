package operations

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

// operator is a route for operators: users with the role admin. What changes something is written down with their name.
type operator func(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error

var errNoOperator = &web.Problem{Status: http.StatusForbidden, Code: "forbidden", Title: "That is for operators", Message: "Your account has no right to see this."}

func (h operator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serve(w, r, func(v *heartwood.Visitor) error {
		// The role is asked for each time: somebody who is no operator any more must not go on for a minute.
		is, err := exists(r.Context(), `SELECT 1 FROM users WHERE id = ? AND role = 'admin' AND status = 'active'`, v.UserID)
		switch {
		case err != nil:
			return web.Unavailable("Your role", err)
		case !is:
			return errNoOperator
		}
		return h(w, r, v)
	})
}

// note writes down what an operator did, before it is done.
func note(ctx context.Context, v *heartwood.Visitor, action string, detail map[string]string) error {
	text, _ := json.Marshal(detail)
	now := time.Now()
	_, err := db.Prepare(`INSERT INTO operator_log (id, actor_id, action, detail, created_at) VALUES (?, ?, ?, ?, ?)`).Bind(ids.New(now), v.UserID, action, string(text), now).Run(ctx)
	if err != nil {
		return web.Unavailable("The log", err)
	}
	return nil
}

// getBacklog says what an object has not delivered; without one, what is under way and what failed everywhere.
func getBacklog(w http.ResponseWriter, r *http.Request, _ *heartwood.Visitor) error {
	q := r.URL.Query()
	if q.Get("class") == "" && q.Get("name") == "" {
		o, err := overview(r.Context())
		if err != nil {
			return err
		}
		web.WriteJSON(w, http.StatusOK, o)
		return nil
	}
	c, id, err := object(r.Context(), q.Get("class"), q.Get("name"))
	if err != nil {
		return err
	}
	b, err := c.backlog(r.Context(), id)
	if err != nil {
		return web.Told("The object", err)
	}
	web.WriteJSON(w, http.StatusOK, map[string]any{"class": q.Get("class"), "name": q.Get("name"), "backlog": b})
	return nil
}

// Overview is what operators see first.
type Overview struct {
	DeadLetters int64 `json:"deadLetters"`
	OldestDead  int64 `json:"oldestDead"` // ms; 0 for none
	Exports     []Job `json:"exports"`    // that run or failed
	Deletions   []Job `json:"deletions"`  // that run
}

func overview(ctx context.Context) (o Overview, err error) {
	results, err := db.Batch(ctx,
		db.Prepare(`SELECT count(*) AS deadLetters, coalesce(min(died_at), 0) AS oldestDead FROM dead_letters`),
		db.Prepare(`SELECT id, subject, state, step, parts, error, created_at AS createdAt, expires_at AS expiresAt FROM export_jobs WHERE state <> 'done' ORDER BY created_at LIMIT 50`),
		db.Prepare(`SELECT id, subject, state, step, 0 AS parts, error, started_at AS createdAt, 0 AS expiresAt FROM deletion_jobs WHERE state <> 'done' ORDER BY started_at LIMIT 50`))
	if err != nil {
		return o, web.Unavailable("The database", err)
	}
	var counts []Overview
	if err := results[0].Scan(&counts); err != nil {
		return o, err
	}
	o = counts[0]
	if err := results[1].Scan(&o.Exports); err != nil {
		return o, err
	}
	return o, results[2].Scan(&o.Deletions)
}

func getLetters(w http.ResponseWriter, r *http.Request, _ *heartwood.Visitor) error {
	list, cursor, err := letters(r.Context(), r.URL.Query().Get("cursor"), 100)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, map[string]any{"deadLetters": list, "nextCursor": cursor})
	return nil
}

func postRetry(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	if err := retryNamed(r, v, r.PathValue("source"), r.PathValue("seq")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func retryNamed(r *http.Request, v *heartwood.Visitor, source, number string) error {
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return web.BadRequest("bad_seq", "seq is the number of the dead letter.")
	}
	if err := note(r.Context(), v, "dead_letter_retried", map[string]string{"source": source, "seq": number}); err != nil {
		return err
	}
	return retry(r.Context(), source, seq)
}

func postRebuild(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	var body struct {
		Class string `json:"class"`
		Name  string `json:"name"`
	}
	if err := web.ReadJSON(r, &body); err != nil {
		return err
	}
	result, err := rebuildNamed(r, v, body.Class, body.Name)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, map[string]any{"class": body.Class, "name": body.Name, "result": result})
	return nil
}

func rebuildNamed(r *http.Request, v *heartwood.Visitor, className, name string) (any, error) {
	c, id, err := object(r.Context(), className, name)
	if err != nil {
		return nil, err
	}
	if err := note(r.Context(), v, "object_rebuilt", map[string]string{"class": className, "name": name}); err != nil {
		return nil, err
	}
	result, err := c.rebuild(r.Context(), id)
	if err != nil {
		return nil, web.Told("The object", err)
	}
	return result, nil
}

// operatorPage shows what is under way, and lets operators do what the API does.
func operatorPage(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	o, err := overview(r.Context())
	if err != nil {
		return err
	}
	list, cursor, err := letters(r.Context(), r.URL.Query().Get("cursor"), 20)
	if err != nil {
		return err
	}
	dead, running := []markup.Data{}, []markup.Data{}
	for _, l := range list {
		dead = append(dead, markup.Data{"source": l.Source, "seq": strconv.FormatInt(l.Seq, 10), "kind": l.Kind, "error": l.Error, "died": when(l.DiedAt), "csrf": v.CSRF})
	}
	for _, j := range append(o.Exports, o.Deletions...) {
		running = append(running, markup.Data{"subject": j.Subject, "state": j.State, "step": j.Step, "error": j.Error, "since": when(j.CreatedAt)})
	}
	next := ""
	if cursor != "" {
		next = cursor
	}
	className, name, backlog := r.URL.Query().Get("class"), r.URL.Query().Get("name"), ""
	if className != "" {
		c, id, err := object(r.Context(), className, name)
		if err != nil {
			return err
		}
		b, err := c.backlog(r.Context(), id)
		if err != nil {
			return web.Told("The object", err)
		}
		text, _ := json.Marshal(b)
		backlog = string(text)
	}
	choices := []markup.Data{}
	for _, c := range []string{"TenantDO", "PostDO", "FeedDO", "NotificationDO"} {
		choices = append(choices, markup.Data{"class": c, "chosen": c == className})
	}
	web.Render(w, r, http.StatusOK, "operator", markup.Data{"title": "Operation", "user": signedIn(r.Context(), v), "csrf": v.CSRF, "dead": dead, "jobs": running,
		"deadCount": strconv.FormatInt(o.DeadLetters, 10), "next": next, "classes": choices, "name": name, "backlog": backlog, "notice": notices[r.URL.Query().Get("done")]})
	return nil
}

func retryForm(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	if err := retryNamed(r, v, r.PostFormValue("source"), r.PostFormValue("seq")); err != nil {
		return err
	}
	http.Redirect(w, r, "/operator?done=retried", http.StatusSeeOther)
	return nil
}

func rebuildForm(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	if _, err := rebuildNamed(r, v, r.PostFormValue("class"), r.PostFormValue("name")); err != nil {
		return err
	}
	http.Redirect(w, r, "/operator?done=rebuilt", http.StatusSeeOther)
	return nil
}
