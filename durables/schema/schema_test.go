package schema_test

import (
	"slices"
	"strings"
	"testing"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/schema/testdata/notes"
	"grove.place/lattice/local-runtime"
)

// deploy runs a version of the program over what the one before has stored.
func deploy(t *testing.T, dir, version string) *local.Host {
	t.Helper()
	return local.StartTest(t, local.TestOptions{Package: "./testdata/module", Options: local.Options{
		Objects: map[string]string{"NOTES": "Notes"}, Vars: map[string]string{"VERSION": version}, Dir: dir, Isolates: 1}})
}

func add(host *local.Host, name, text string) error {
	_, err := notes.Add.Call(host.Context(), notes.Namespace.GetByName("notes:"+name), text)
	return err
}

func list(t *testing.T, host *local.Host, name string) []string {
	t.Helper()
	list, err := notes.List.Call(host.Context(), notes.Namespace.GetByName("notes:"+name), durables.None{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestADeployBringsTablesUpAndARollbackLeavesNewerOnesAlone(t *testing.T) {
	dir := t.TempDir()
	host := deploy(t, dir, "1")
	for _, name := range []string{"used", "unused"} {
		if err := add(host, name, "one"); err != nil {
			t.Fatal(err)
		}
	}
	end(t, host)

	// The newer program meets older tables: it brings them up when an object is used, and not before.
	host = deploy(t, dir, "12")
	if err := add(host, "used", "two"); err != nil {
		t.Fatal(err)
	}
	if got := list(t, host, "used"); !slices.Equal(got, []string{"one old", "two old"}) {
		t.Errorf("after the deploy: %v", got)
	}
	end(t, host)

	// Rolled back, the older program refuses newer tables, and says what to do. Objects that the newer one has not met work as before.
	host = deploy(t, dir, "1")
	for range 2 {
		err := add(host, "used", "lost?")
		if err == nil || !strings.Contains(err.Error(), "Notes: the tables are of version 2, this program knows 1: deploy the newer one") {
			t.Errorf("a rollback: %v", err)
		}
	}
	if err := add(host, "unused", "two"); err != nil {
		t.Error(err)
	}
	if err := add(host, "new", "one"); err != nil {
		t.Error(err)
	}
	end(t, host)

	// Nothing was lost by it.
	host = deploy(t, dir, "12")
	for name, want := range map[string][]string{"used": {"one old", "two old"}, "unused": {"one old", "two old"}, "new": {"one old"}} {
		if got := list(t, host, name); !slices.Equal(got, want) {
			t.Errorf("%s after the next deploy: %v, want %v", name, got, want)
		}
	}
}

func end(t *testing.T, host *local.Host) {
	t.Helper()
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
}
