package blake3

import (
	"encoding/hex"
	"testing"
)

// The first and some more of the published test vectors: the message counts from 0 to 250 and again.
// https://github.com/BLAKE3-team/BLAKE3/blob/master/test_vectors/test_vectors.json
func TestSumsArePublishedOnes(t *testing.T) {
	for length, want := range map[int]string{
		0:    "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
		1:    "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
		1024: "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
		1025: "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
	} {
		data := make([]byte, length)
		for i := range data {
			data[i] = byte(i % 251)
		}
		if sum := Sum(data); hex.EncodeToString(sum[:]) != want {
			t.Errorf("the hash of %d bytes is %x, want %s", length, sum, want)
		}
	}
}
