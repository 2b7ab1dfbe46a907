package e2e

import (
	"archive/tar"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTakingOnesDataAlongAndLeaving(t *testing.T) {
	t.Parallel()
	onBothHosts(t, func(t *testing.T, s site) {
		olive, v := somebody("Olive"), s.visitor(t, firefox)
		v.signIn(olive)
		if a := v.get("/settings/data"); a.status != http.StatusOK || !strings.Contains(a.body, olive.Email) {
			t.Fatalf("%d\n%s", a.status, a.body)
		}
		a := v.change(http.MethodPost, "/api/account/export", "", nil)
		if a.status != http.StatusAccepted {
			t.Fatalf("%d %s", a.status, a.body)
		}
		job := "/api/account/export/" + a.json(t)["id"].(string)
		file := ""
		for end := time.Now().Add(time.Minute); file == "" && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
			file, _ = v.get(job).json(t)["file"].(string)
		}
		if file == "" {
			t.Fatalf("the export is not ready after a minute: %s", v.get(job).body)
		}
		a = v.get(file)
		if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/x-tar" || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("%d %v", a.status, a.header)
		}
		files := map[string]string{}
		for r := tar.NewReader(strings.NewReader(a.body)); ; {
			h, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(h.Name, "-")
			files[name] += string(text)
		}
		for name, want := range map[string]string{"data/account": olive.Email, "data/identities": olive.Subject, "data/history": "sign_in", "data/sessions": "Firefox"} {
			if !strings.Contains(files[name], want) {
				t.Errorf("%s has no %q: %q", name, want, files[name])
			}
		}
		if a := s.visitor(t, firefox).get(file); a.status != http.StatusUnauthorized {
			t.Errorf("a stranger gets the file: %d", a.status)
		}

		if a := v.change(http.MethodPost, "/api/account/delete", `{"confirm":"`+olive.Name+`"}`, nil); a.status != http.StatusBadRequest || !v.signedIn() {
			t.Fatalf("without the address: %d %s", a.status, a.body)
		}
		if a := v.change(http.MethodPost, "/api/account/delete", `{"confirm":"`+olive.Email+`"}`, nil); a.status != http.StatusAccepted {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if v.signedIn() {
			t.Error("the account is closed, and the session goes on")
		}
		if a := v.get(v.identify(v.begin("/"), olive)); a.status != http.StatusForbidden || !strings.Contains(a.body, "This account is closed") {
			t.Errorf("signing in to a closed account: %d\n%s", a.status, a.body)
		}
	})
}
