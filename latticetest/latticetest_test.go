package latticetest_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/scaffold/templates/object/counter"
	"grove.place/lattice/latticetest"
	local "grove.place/lattice/local-runtime"
)

const templates = "../internal/scaffold/templates/"

func configuration(name string) string { return filepath.Join(templates, name, "wrangler.toml") }

func TestOptionsAreThoseOfTheConfiguration(t *testing.T) {
	o := latticetest.Options(t, configuration("app"))
	t.Chdir(t.TempDir()) // paths hold wherever the test goes
	if o.Name != "my-project" || !filepath.IsAbs(o.Package) || o.Objects["ACTIVITY"] != "Activity" || o.Queues["NOTED"] != "my-project-noted" {
		t.Errorf("%+v", o)
	}
	if files, err := local.MigrationFiles(o.Databases["DB"].Migrations); err != nil || len(files) != 1 {
		t.Errorf("migrations: %q, %v", files, err)
	}
	if _, ok := o.Vars["SESSION_KEY"]; ok {
		t.Error("a secret of this machine is in the options")
	}
}

func TestSeveralConfigurationsAreSeveralWorkers(t *testing.T) {
	o := latticetest.Options(t, configuration("object"), configuration("worker"))
	if len(o.Workers) != 1 {
		t.Fatalf("%d others", len(o.Workers))
	}
	o.Name, o.Workers[0].Name = "front", "links" // the templates have one name
	host := local.StartTest(t, o)
	if total, err := counter.Add.Call(host.Context(), counter.Counters.GetByName("home"), 1); err != nil || total != 1 {
		t.Errorf("the first: %d, %v", total, err)
	}
	w := httptest.NewRecorder()
	host.Worker("links").ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/docs", strings.NewReader("https://go.dev/doc")))
	if w.Code != http.StatusCreated {
		t.Errorf("the second answers %d %s", w.Code, w.Body)
	}
}
