package keyring

import (
	"errors"
	"strings"
	"testing"
)

func ring(t *testing.T, text string) Ring {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseRefuses(t *testing.T) {
	good := Generate("k1")
	for name, text := range map[string]string{
		"nothing":               "",
		"only commas":           " , ,",
		"no key id":             strings.TrimPrefix(good, "k1"),
		"a key id with a dot":   "k.1" + strings.TrimPrefix(good, "k1"),
		"a short key":           "k1:AAAA",
		"a key that is no text": "k1:!!!!",
		"one id twice":          good + "," + good,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(text); err == nil {
				t.Fatalf("Parse(%q) accepted it", text)
			}
		})
	}
}

func TestSumsSurviveRotationAndNothingElse(t *testing.T) {
	oldText := Generate("k1")
	before := ring(t, oldText)
	sum, err := before.Sum(before.Current(), "cookie", "message")
	if err != nil {
		t.Fatal(err)
	}
	after := ring(t, Generate("k2")+","+oldText)
	if after.Current() != "k2" {
		t.Fatalf("the current key is %q, want the first one, k2", after.Current())
	}
	if err := after.Check("k1", "cookie", "message", sum); err != nil {
		t.Errorf("a value made before the rotation: %v", err)
	}
	for name, err := range map[string]error{
		"another label":   after.Check("k1", "csrf", "message", sum),
		"another message": after.Check("k1", "cookie", "massage", sum),
		"another key":     after.Check("k2", "cookie", "message", sum),
	} {
		if !errors.Is(err, ErrForged) {
			t.Errorf("%s: %v, want ErrForged", name, err)
		}
	}
	if err := ring(t, Generate("k2")).Check("k1", "cookie", "message", sum); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("a key taken out of the ring: %v, want ErrUnknownKey", err)
	}
}

func TestSealedValuesOpenOnlyForTheirOwner(t *testing.T) {
	oldText := Generate("k1")
	r := ring(t, oldText)
	sealed, err := r.Seal("refresh-token", "user-1")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sealed, "refresh") {
		t.Fatalf("the sealed value shows its contents: %s", sealed)
	}
	again, _ := r.Seal("refresh-token", "user-1")
	if again == sealed {
		t.Error("two sealings of one value are equal: the nonce is not random")
	}
	rotated := ring(t, Generate("k2")+","+oldText)
	if plain, err := rotated.Open(sealed, "user-1"); err != nil || plain != "refresh-token" {
		t.Errorf("Open after a rotation: %q, %v", plain, err)
	}
	for name, attempt := range map[string][2]string{
		"another owner":    {sealed, "user-2"},
		"a changed byte":   {sealed[:len(sealed)-2] + "AA", "user-1"},
		"no contents":      {"v1.k1.", "user-1"},
		"not sealed":       {"refresh-token", "user-1"},
		"a later version":  {"v2" + sealed[2:], "user-1"},
		"text, not base64": {"v1.k1.***", "user-1"},
	} {
		if _, err := r.Open(attempt[0], attempt[1]); !errors.Is(err, ErrForged) {
			t.Errorf("%s: %v, want ErrForged", name, err)
		}
	}
}
