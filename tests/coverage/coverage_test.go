package coverage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

func TestEverythingGrovePromisesHasAFileAndATest(t *testing.T) {
	rows, err := Page(root + "/docs/grove/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := Check(root, rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
	if len(rows) < 100 {
		t.Errorf("only %d rows were read", len(rows))
	}
}

func TestAPageWithFaultsIsRefused(t *testing.T) {
	text := "## Methods\n\n| method | files | tests | note |\n|---|---|---|---|\n" +
		"| `SessionDO.createSession` | `durables/session/session.go` | `durables/session.TestNoSuchThing` | |\n" +
		"| `SessionDO.invented` | `no/such/file.go` |  | |\n" +
		"## Alarms\n\n| `TenantDO: flush visits` | `durables/tenant/visits.go` | `durables/tenant.TestAVisitIsAdmittedInOneCall` | something else |\n" +
		"## Storage of objects\n\n| `PostDO.presence` | `durables/post/presence.go` | `durables/post.TestViewersAreCountedFromTheirSockets` | |\n" +
		"| `PostDO.presence` | `durables/post/presence.go` | `durables/post.TestViewersAreCountedFromTheirSockets` | sockets |\n"
	expect(t, root, text,
		`"SessionDO.createSession": there is no test durables/session.TestNoSuchThing`, `"SessionDO.invented": there is no file no/such/file.go`,
		`"SessionDO.invented" names no file, or no test`, `a row for "SessionDO.invented", which is neither in the code nor promised`,
		`no row for "SessionDO.validateSession"`, `Tables of D1: no row for "users"`, `Storage of objects: no row for "PostDO.outbox"`, `no row for "server: comment_edited"`,
		`"PostDO.presence" has two rows`, `the note of "TenantDO: flush visits" does not say that it is what the design calls "every 60 seconds, flush analytics"`)
	text = strings.Replace(text, "| sockets |", "| |", 1)
	expect(t, root, text, `"PostDO.presence" is nothing that the code has by name, and no note says what does it`)
}

// TestWhatIsPromisedAndNotBuiltIsNamed has a module with next to nothing in it.
func TestWhatIsPromisedAndNotBuiltIsNamed(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"durables/session/testdata", "durables/tenant", "durables/post", "durables/feed", "durables/notification", "durables/analytics", "migrations", "docs/grove",
		"workers/grove", "workers/heartwood", "workers/meadow", "tests", "local-runtime", "internal", "build", "cmd"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"durables/session/session.go":      `CreateSession = durables.Method(Class, "createSession", (*Session).createSession)`,
		"durables/session/testdata/x.go":   `RefreshSession = durables.Method(Class, "refreshSession", (*Session).refreshSession)`,
		"durables/session/session_test.go": `ValidateSession = durables.Method(Class, "validateSession", (*Session).validateSession)`,
		"durables/post/live.go":            `p.broadcast(ctx, Message{Type: "shout"})`,
		"durables/post/presence.go":        "`CREATE TABLE presence (user_id TEXT PRIMARY KEY)`",
		"durables/notification/live.go":    `LiveMessage{"ring", unread}`,
		"migrations/0001.sql":              "CREATE TABLE held (name TEXT);\nALTER TABLE held RENAME TO names;",
		"docs/grove/protocol.md":           "| `before` |\n## The socket\n| `dance` | |\n",
		"docs/grove/meadow.md":             "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all := expect(t, dir, "",
		`Methods: "SessionDO.validateSession" is promised and not in the code`, `Methods: "SessionDO.refreshSession" is promised and not in the code`,
		`Alarms: "every 60 seconds, flush analytics" is promised as "TenantDO: flush visits", which is not in the code`,
		`Storage of objects: "PostDO.presence" is in the code: take it out of apart`, `Endpoints: "GET /api/feed" is promised and not in the code`,
		`describes the message "dance"`, `docs/grove/protocol.md does not describe "server: shout"`, `docs/grove/meadow.md does not describe "notifications: ring"`)
	for _, wrong := range []string{`"SessionDO.createSession" is promised`, `"before"`, `"held"`} {
		if strings.Contains(all, wrong) {
			t.Errorf("%q is said without reason", wrong)
		}
	}
}

// expect checks a page against the module at root, and that each of the faults is named.
func expect(t *testing.T, root, text string, faults ...string) (all string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := Page(path)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := Check(root, rows)
	if err != nil {
		t.Fatal(err)
	}
	all = strings.Join(wrong, "\n")
	for _, want := range faults {
		if !strings.Contains(all, want) {
			t.Errorf("nothing says %q", want)
		}
	}
	return all
}
