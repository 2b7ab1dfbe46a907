package build

import (
	"compress/gzip"
	"fmt"
)

// Cloudflare's limits for a Worker after gzip, in bytes.
const (
	FreeLimit = 3 << 20
	PaidLimit = 10 << 20
)

// Sizes of what is uploaded, in bytes.
type Sizes struct {
	Raw  int64 `json:"raw"`
	Gzip int64 `json:"gzip"`
}

// Measure adds up the files that are uploaded.
func Measure(files ...[]byte) Sizes {
	var s Sizes
	for _, f := range files {
		var n counter
		z := gzip.NewWriter(&n) // a counter takes everything, so nothing here can fail
		z.Write(f)
		z.Close()
		s.Raw += int64(len(f))
		s.Gzip += int64(n)
	}
	return s
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// String gives both sizes and the share of Cloudflare's limits that the compressed one takes.
func (s Sizes) String() string {
	return fmt.Sprintf("%s, %s gzip (%d%% of %s free, %d%% of %s paid)", megabytes(s.Raw), megabytes(s.Gzip),
		percent(s.Gzip, FreeLimit), megabytes(FreeLimit), percent(s.Gzip, PaidLimit), megabytes(PaidLimit))
}

// Warnings say which of Cloudflare's limits are exceeded.
func (s Sizes) Warnings() []string {
	const hint = "see what is in it with `lattice build --sizes`, and leave large packages out"
	switch {
	case s.Gzip > PaidLimit:
		return []string{fmt.Sprintf("%s after gzip is more than Cloudflare accepts (%s): %s", megabytes(s.Gzip), megabytes(PaidLimit), hint)}
	case s.Gzip > FreeLimit:
		return []string{fmt.Sprintf("%s after gzip is more than the free plan accepts (%s): it needs the paid plan, or %s", megabytes(s.Gzip), megabytes(FreeLimit), hint)}
	}
	return nil
}

func megabytes(n int64) string {
	if n < 10<<10 && n > 0 {
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.2f MB", float64(n)/(1<<20))
}

func percent(n, of int64) int64 { return (n*100 + of - 1) / of }
