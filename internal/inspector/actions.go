package inspector

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	local "grove.place/lattice/local-runtime"
)

// actions are what pages do. Each answers with a redirect to the page that it came from, which says what was done.
func (i *Inspector) actions(mux *http.ServeMux) {
	mux.HandleFunc("POST /object/sql", i.sql)
	mux.HandleFunc("POST /database/sql", i.databaseSQL)
	mux.HandleFunc("POST /object/delete", i.deleteObject)
	for path, do := range map[string]func(h *local.Host, f form) (string, error){
		"/object/evict": evict, "/object/alarm": runAlarm, "/socket/send": sendSocket, "/socket/close": closeSocket,
		"/queue/retry": retryMessage, "/queue/drop": dropMessage,
		"/namespace/put": putKey, "/namespace/delete": deleteKey, "/bucket/delete": deleteFile,
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			var done string
			err := i.with(r, r.FormValue("worker"), func(h *local.Host) (err error) {
				done, err = do(h, form{r})
				return err
			})
			i.back(w, r, done, err)
		})
	}
	mux.HandleFunc("POST /cron/run", i.runCron)
	mux.HandleFunc("POST /clock/set", i.setClock)
}

// form reads the fields of a request.
type form struct{ r *http.Request }

func (f form) get(name string) string { return f.r.FormValue(name) }

// object returns the class and the id of the object that the request is about.
func (f form) object() (class, id string) { return f.get("class"), f.get("id") }

// back returns to the page that the request came from, which says what was done, or why not.
func (i *Inspector) back(w http.ResponseWriter, r *http.Request, done string, err error) {
	one := notice{Text: done}
	if err != nil {
		one = notice{Text: err.Error(), Failed: true}
	}
	i.live.changed("state")
	to := &url.URL{Path: "/"}
	if u, err := url.Parse(r.FormValue("back")); err == nil && strings.HasPrefix(u.Path, "/") && u.Host == "" && !strings.HasPrefix(u.Path, "//") && !strings.Contains(u.Path, `\`) {
		to = &url.URL{Path: u.Path, RawQuery: u.RawQuery}
	}
	q := to.Query()
	q.Set("notice", i.notices.put(one))
	to.RawQuery = q.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

func evict(h *local.Host, f form) (string, error) {
	class, id := f.object()
	evicted, err := h.Evict(class, id)
	if err == nil && !evicted {
		return "It was not in memory.", nil
	}
	return "Evicted: the next event constructs it again.", err
}

func runAlarm(h *local.Host, f form) (string, error) {
	class, id := f.object()
	ran, err := h.RunAlarm(class, id)
	if err == nil && !ran {
		return "", errors.New("it has no alarm")
	}
	return "The alarm ran.", err
}

func sendSocket(h *local.Host, f form) (string, error) {
	toOwner := f.get("to") == "owner"
	to := map[bool]string{true: "the Worker's side, as if the other end had sent it", false: "the other end"}[toOwner]
	return "Sent to " + to + ".", h.SendOpen(f.get("socket"), toOwner, f.get("text"))
}

func closeSocket(h *local.Host, f form) (string, error) {
	return "Closed.", h.CloseOpen(f.get("socket"), 1000, "closed in the inspector")
}

func retryMessage(h *local.Host, f form) (string, error) {
	to, err := h.RetryMessage(f.get("queue"), f.get("message"))
	return "The message is in " + to + ", to be delivered now.", err
}

func dropMessage(h *local.Host, f form) (string, error) {
	return "Dropped.", h.DropMessage(f.get("queue"), f.get("message"))
}

func (i *Inspector) deleteObject(w http.ResponseWriter, r *http.Request) {
	f := form{r}
	class, id := f.object()
	if f.get("confirm") != "yes" {
		i.render(w, r, "delete", "Delete an object", "", map[string]any{"Worker": f.get("worker"), "Class": class, "ID": id, "Name": f.get("name")})
		return
	}
	err := i.with(r, f.get("worker"), func(h *local.Host) error {
		existed, err := h.Delete(class, id)
		if err == nil && !existed {
			err = errors.New("there was no such object")
		}
		return err
	})
	i.back(w, r, "Deleted, with all that it had stored.", err)
}

func (i *Inspector) runCron(w http.ResponseWriter, r *http.Request) {
	cron := r.FormValue("cron")
	began := time.Now()
	err := i.with(r, r.FormValue("worker"), func(h *local.Host) error { return h.Scheduled(r.Context(), cron, i.o.Clock.Now()) })
	i.back(w, r, fmt.Sprintf("The scheduled handler ran in %s.", ms(time.Since(began))), err)
}

// setClock freezes the clock, moves it, or lets it run.
func (i *Inspector) setClock(w http.ResponseWriter, r *http.Request) {
	var done string
	var err error
	switch what := r.FormValue("do"); what {
	case "freeze":
		i.o.Clock.Freeze()
		done = "The clock stands."
	case "resume":
		i.o.Clock.Resume()
		done = "The clock runs on from where it stood."
	case "reset":
		i.o.Clock.Reset()
		done = "The clock is the machine's again."
	case "move":
		var by time.Duration
		if by, err = time.ParseDuration(strings.ReplaceAll(r.FormValue("by"), " ", "")); err != nil || by <= 0 {
			err = fmt.Errorf("write how far to move it, such as 90s, 15m or 24h, not %q: it only goes forward", r.FormValue("by"))
			break
		}
		i.o.Clock.Advance(by)
		done = "The clock is " + by.String() + " further; alarms, timers and delayed messages that were due have run."
	default:
		err = fmt.Errorf("there is nothing called %q to do with the clock", what)
	}
	if err == nil {
		i.o.Log.Info("the clock was changed in the inspector: " + strings.TrimSuffix(done, "."))
	}
	i.back(w, r, done, err)
}
