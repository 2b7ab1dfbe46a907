package sqlvalue_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/sqlvalue"
)

type level int

func TestParametersBecomeTheValuesJavaScriptWouldBind(t *testing.T) {
	at := time.UnixMilli(1700000000123)
	n, none := 5, (*int)(nil)
	args := []any{nil, "s", 1, int64(-2), uint8(3), 1.5, true, false, []byte{1}, []byte(nil), at, &n, none, level(7), math.NaN()}
	want := []abi.Value{nil, "s", int64(1), int64(-2), int64(3), 1.5, int64(1), int64(0), []byte{1}, nil, int64(1700000000123), int64(5), nil, int64(7), nil}
	var w abi.Writer
	if err := sqlvalue.WriteArgs(&w, args); err != nil {
		t.Fatal(err)
	}
	if got := abi.NewReader(w.Bytes()).Values(); !reflect.DeepEqual([]abi.Value(got), want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

func TestParametersThatCannotBeBoundNameTheirPosition(t *testing.T) {
	for _, c := range []struct {
		arg  any
		want string
	}{
		{int64(1) << 53, "parameter 2: integer 9007199254740992 is beyond"},
		{struct{}{}, "parameter 2: struct {} cannot be bound"},
		{[]string{"a"}, "parameter 2: []string cannot be bound"},
	} {
		var w abi.Writer
		err := sqlvalue.WriteArgs(&w, []any{1, c.arg})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %s", c.arg, err, c.want)
		}
	}
}

type post struct {
	ID        int64      `json:"id"`
	Title     string     `json:"title"`
	Score     float64    `json:"score"`
	CreatedAt time.Time  `json:"created_at"`
	ReadAt    *time.Time `json:"read_at"`
	Draft     bool       `json:"draft"`
	Body      []byte     `json:"body"`
	AuthorID  *string
}

func TestRowsFillStructs(t *testing.T) {
	columns := []string{"id", "TITLE", "score", "created_at", "read_at", "draft", "body", "author_id"}
	row := []abi.Value{int64(9), "hi", int64(2), int64(1000), nil, int64(1), []byte("b"), "ann"}
	var p post
	if err := sqlvalue.ScanRow(columns, row, &p); err != nil {
		t.Fatal(err)
	}
	ann := "ann"
	want := post{ID: 9, Title: "hi", Score: 2, CreatedAt: time.UnixMilli(1000).UTC(), Draft: true, Body: []byte("b"), AuthorID: &ann}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v, want %+v", p, want)
	}
}

func TestScanFailuresSayWhy(t *testing.T) {
	for name, c := range map[string]struct {
		columns []string
		row     []abi.Value
		dest    any
		want    string
	}{
		"unknown column":  {[]string{"idd"}, []abi.Value{int64(1)}, new(post), `column "idd" has no field`},
		"text in integer": {[]string{"id"}, []abi.Value{"x"}, new(post), "does not go into int64"},
		"rounded integer": {[]string{"id"}, []abi.Value{float64(1 << 60)}, new(post), "beyond 2^53"},
		"null in scalar":  {[]string{"n"}, []abi.Value{nil}, new(int), "NULL does not go into int"},
		"two columns":     {[]string{"a", "b"}, []abi.Value{int64(1), int64(2)}, new(int), "takes one"},
		"not a pointer":   {[]string{"a"}, []abi.Value{int64(1)}, 3, "non-nil pointer"},
		"two as boolean":  {[]string{"draft"}, []abi.Value{int64(2)}, new(post), "does not go into bool"},
	} {
		err := sqlvalue.ScanRow(c.columns, c.row, c.dest)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, c.want)
		}
	}
}

func TestExactIntegersComeThroughText(t *testing.T) {
	var n int64
	if err := sqlvalue.Scan("9223372036854775807", &n); err != nil || n != math.MaxInt64 {
		t.Errorf("got %d, %v", n, err)
	}
}
