package guest_test

import (
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/internal/guest"
)

type node struct {
	Name     string            `json:"name"`
	Children []*node           `json:"children"`
	Made     time.Time         `json:"made"`
	Data     []byte            `json:"data,omitempty"`
	Size     *big.Int          `json:"size"`
	Labels   map[string]string `json:"labels"`
	Odd      int               `json:"odd-name"`
	Hidden   string            `json:"-"`
}

func TestGoTypesAsTypeScript(t *testing.T) {
	for _, c := range []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[string](), "string"},
		{reflect.TypeFor[uint16](), "number"},
		{reflect.TypeFor[bool](), "boolean"},
		{reflect.TypeFor[[]byte](), "Uint8Array"},
		{reflect.TypeFor[[]string](), "Array<string>"},
		{reflect.TypeFor[*int](), "number | null"},
		{reflect.TypeFor[time.Time](), "Date"},
		{reflect.TypeFor[*big.Int](), "bigint | null"},
		{reflect.TypeFor[map[int]bool](), "Map<number, boolean>"},
		{reflect.TypeFor[any](), "unknown"},
		{reflect.TypeFor[node](), "Node"},
	} {
		if got := guest.NewTypes().Of(c.of); got != c.want {
			t.Errorf("%v is %s, want %s", c.of, got, c.want)
		}
	}
}

func TestStructsBecomeInterfacesThatMayReferToThemselves(t *testing.T) {
	types := guest.NewTypes()
	types.Of(reflect.TypeFor[node]())
	got := types.Declarations()
	for _, line := range []string{
		"export interface Node {", "  name: string;", "  children: Array<Node | null>;", "  made: Date;", "  data?: Uint8Array;",
		"  size?: bigint | null;", "  labels: Record<string, string>;", `  "odd-name": number;`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("no line %q in\n%s", line, got)
		}
	}
	if strings.Contains(got, "Hidden") {
		t.Errorf("a field without a name was declared:\n%s", got)
	}
}
