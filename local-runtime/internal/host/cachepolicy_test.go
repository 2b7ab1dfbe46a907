package host

import (
	"net/http"
	"testing"
	"time"
)

func TestDirectivesAreReadWhateverTheirCase(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for value, want := range map[string]time.Duration{
		"MAX-AGE=60": time.Minute, `max-age="60"`: time.Minute, "Public , S-MaxAge = 5": 5 * time.Second, "max-age=99999999999": 1<<31*time.Second - time.Second, "": 0,
	} {
		p := policyOf(http.Header{}, 200, http.Header{"Cache-Control": {value}}, now)
		if !p.storable || p.lifetime != want {
			t.Errorf("%q: storable %v, for %v", value, p.storable, p.lifetime)
		}
	}
}

func TestPartsOfAResponse(t *testing.T) {
	for text, want := range map[string][4]any{
		"": {int64(0), int64(10), false, true}, "bytes=0-0,2-3": {int64(0), int64(10), false, true}, "bytes=-0": {int64(0), int64(10), false, true},
		"BYTES = 3 - 4": {int64(3), int64(2), true, true}, "bytes=-1": {int64(9), int64(1), true, true}, "bytes": {int64(0), int64(0), false, false},
		"bytes=9-": {int64(9), int64(1), true, true}, "bytes=-": {int64(0), int64(0), false, false}, "bytes=99999999999999999999-": {int64(0), int64(0), false, false},
	} {
		offset, length, part, ok := partOf(text, 10)
		if got := [4]any{offset, length, part, ok}; got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
