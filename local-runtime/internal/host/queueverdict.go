package host

import (
	"time"

	"grove.place/lattice/internal/abi"
)

// verdict is what a consumer said of a batch.
type verdict struct {
	all     int64 // 0 nothing, 1 acknowledged, 2 retry
	delay   float64
	acked   map[string]bool
	retries map[string]float64
}

func readVerdict(outcome abi.Value, failed bool, retryDelay time.Duration) verdict {
	v := verdict{delay: retryDelay.Seconds(), acked: map[string]bool{}, retries: map[string]float64{}}
	if failed {
		v.all = 2
		return v
	}
	o, _ := outcome.(abi.Object)
	v.all, _ = o.Get("all").(int64)
	seconds := func(value abi.Value) float64 {
		switch n := value.(type) {
		case int64:
			return float64(min(max(n, 0), maxQueueDelay))
		case float64:
			if n >= 0 {
				return min(n, maxQueueDelay)
			}
		}
		return retryDelay.Seconds()
	}
	v.delay = seconds(o.Get("delay"))
	acked, _ := o.Get("ack").(abi.Array)
	for _, id := range acked {
		if id, ok := id.(string); ok {
			v.acked[id] = true
		}
	}
	retries, _ := o.Get("retry").(abi.Array)
	for _, pair := range retries {
		if pair, ok := pair.(abi.Array); ok && len(pair) == 2 {
			if id, ok := pair[0].(string); ok {
				v.retries[id] = seconds(pair[1])
			}
		}
	}
	return v
}

// retry reports whether a message is delivered again, and after how many seconds.
func (v verdict) retry(id string) (float64, bool) {
	if v.acked[id] {
		return 0, false
	}
	if delay, ok := v.retries[id]; ok {
		return delay, true
	}
	return v.delay, v.all == 2
}
