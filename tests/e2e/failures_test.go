package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/workers/grove/ids"
)

// What can go wrong without anything being broken. Broken databases, disks and instances are for tests/grove, on the local host.

// TestTheSameCommentSentByFourTabsIsOneComment sends it at the same moment, and once more when it has reached D1.
func TestTheSameCommentSentByFourTabsIsOneComment(t *testing.T) {
	t.Parallel()
	onBothHosts(t, func(t *testing.T, s site) {
		author, v := s.visitor(t, firefox), s.visitor(t, safari)
		author.at(s, willow)
		v.at(s, reader)
		at := "/api/posts/" + v.postID("mist") + "/comments"
		text := fmt.Sprint("Only once, at ", time.Now().UnixNano())
		body := fmt.Sprintf(`{"id":%q,"content":%q}`, text, text)
		send := func() (id string) {
			a := v.change(http.MethodPost, at, body, nil)
			if a.status != http.StatusCreated && a.status != http.StatusOK {
				t.Errorf("%d %s", a.status, a.body)
				return ""
			}
			comment, ok := a.json(t)["comment"].(map[string]any)
			if !ok {
				comment = a.json(t)
			}
			return fmt.Sprint(comment["id"])
		}
		var told [4]string
		var tabs sync.WaitGroup
		for i := range told {
			tabs.Go(func() { told[i] = send() })
		}
		tabs.Wait()
		for _, id := range told {
			if id == "" || id != told[0] {
				t.Errorf("the tabs were told of %q", told)
			}
		}
		seen := 0
		for end := time.Now().Add(2 * time.Minute); seen == 0 && time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
			seen = strings.Count(author.get("/api/admin/comments?status=visible").body, text) // from D1: the alarm of the object has brought it there
		}
		if again := send(); seen != 1 || again != told[0] {
			t.Errorf("D1 has it %d times; sent once more it is %s, it was %s", seen, again, told[0])
		}
		if n := strings.Count(v.get(at+"?limit=100").body, text); n != 1 {
			t.Errorf("readers see it %d times", n)
		}
	})
}

// TestClocksOfEditorsDecideNothing: one editor's clock is a day ahead and the other's a day behind; who built on the latest revision wins.
func TestClocksOfEditorsDecideNothing(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		ahead, behind := s.visitor(t, firefox), s.visitor(t, safari)
		ahead.at(s, willow)
		behind.at(s, rowan)
		now := time.Now()
		path := "/api/admin/drafts/" + ids.New(now)
		save := func(v *visitor, clock time.Time, text string, base int) answer {
			body := fmt.Sprintf(`{"slug":"skew","content":%q,"metadata":{"title":"Skew","tags":[]},"baseRevision":%d,"deviceId":%q}`, text, base, text)
			return v.change(http.MethodPut, path, body, map[string]string{"Date": clock.UTC().Format(http.TimeFormat)})
		}
		fast, slow := now.Add(24*time.Hour), now.Add(-24*time.Hour)
		for i, c := range []struct {
			by    *visitor
			clock time.Time
			text  string
			base  int
			want  int
		}{
			{ahead, fast, "one", 0, http.StatusOK}, {behind, slow, "two", 1, http.StatusOK}, // older by its clock, and the newer text
			{ahead, fast, "three", 1, http.StatusConflict}, {ahead, fast, "three", 2, http.StatusOK}, {behind, slow, "four", 2, http.StatusConflict},
		} {
			a := save(c.by, c.clock, c.text, c.base)
			if a.status != c.want {
				t.Fatalf("save %d: %d, want %d\n%s", i+1, a.status, c.want, a.body)
			}
			if c.want == http.StatusConflict && (!strings.Contains(a.body, `"current"`) || !strings.Contains(a.body, `"yours"`)) {
				t.Errorf("save %d: both copies are wanted: %s", i+1, a.body)
			}
		}
		d := ahead.get(path).json(t)
		saved, _ := d["lastSaved"].(float64)
		if at := time.UnixMilli(int64(saved)); d["content"] != "three" || d["revision"] != 3.0 || at.Before(now.Add(-time.Minute)) || at.After(now.Add(time.Minute)) {
			t.Errorf("%v, saved at %v", d, at)
		}
	})
}

// TestARenamedSiteIsElsewhereAtOnce renames the site and gives it its name back, which is held for it.
func TestARenamedSiteIsElsewhereAtOnce(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		owner := s.visitor(t, firefox)
		owner.at(s, willow)
		rename := func(at, to string) {
			t.Helper()
			a := owner.change(http.MethodPut, s.at(at, "/api/admin/name"), fmt.Sprintf(`{"subdomain":%q}`, to), map[string]string{"Origin": s.at(at, "")})
			if a.status != http.StatusOK {
				t.Fatalf("to %s: %d %s", to, a.status, a.body)
			}
		}
		shows := func(name string, want int) {
			t.Helper()
			if a := owner.get(s.at(name, "/posts/reeds")); a.status != want {
				t.Errorf("%s: %d, want %d", name, a.status, want)
			}
		}
		rename(siteName, "sallow")
		defer func() {
			// The session is the old host's: sign in at the new one to go back.
			back := s.visitor(t, firefox)
			back.atName(s, "sallow", willow)
			owner = back
			rename("sallow", siteName)
			shows(siteName, http.StatusOK)
			shows("sallow", http.StatusNotFound)
		}()
		shows("sallow", http.StatusOK)
		shows(siteName, http.StatusNotFound)
	})
}
