package kv_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"grove.place/lattice/workers/kv"
)

func TestAListingIsReadBackFromItsJSON(t *testing.T) {
	want := kv.Listing{Keys: []kv.Key{{Name: "a", Expiration: time.Unix(2_000_000_000, 0).UTC(), Metadata: json.RawMessage(`{"n":1}`)}, {Name: "b"}}, Cursor: "c"}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != `{"keys":[{"name":"a","expiration":2000000000,"metadata":{"n":1}},{"name":"b"}],"list_complete":false,"cursor":"c"}` {
		t.Errorf("%s", text)
	}
	var got kv.Listing
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
}
