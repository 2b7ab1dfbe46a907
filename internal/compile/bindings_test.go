package compile

import (
	"context"
	"reflect"
	"testing"
)

func TestBindingsOfTheSource(t *testing.T) {
	want := []Open{{"d1", "DB", "main.go:14"}, {"kv", "NOTES", "main.go:15"}, {"queue", "JOBS", "main.go:16"}, {"service", "AUTH", "main.go:22"}}
	if got := SourceOf(context.Background(), "", "./testdata/bindings").Bindings(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}
