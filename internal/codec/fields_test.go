package codec

import (
	"reflect"
	"testing"
)

func TestTheLeastEmbeddedFieldCounts(t *testing.T) {
	type deep struct {
		Name string `json:"name"`
		Only string `json:"only"`
		Both string
	}
	type other struct {
		Both string
	}
	type outer struct {
		deep
		other
		Name int `json:"name"`
	}
	got := map[string]reflect.Kind{}
	for _, f := range Fields(reflect.TypeFor[outer]()) {
		got[f.Name] = f.Type.Kind()
	}
	if want := map[string]reflect.Kind{"name": reflect.Int, "only": reflect.String}; !reflect.DeepEqual(got, want) {
		t.Errorf("fields are %v, want %v", got, want)
	}
}
