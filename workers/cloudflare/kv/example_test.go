package kv_test

import (
	"time"

	"grove.place/lattice/workers/cloudflare/kv"
)

func ExampleNamespace_PutString() {
	remember := func(token, user string) error {
		sessions, err := kv.NewNamespace("SESSIONS")
		if err != nil {
			return err
		}
		return sessions.PutString(token, user, &kv.PutOptions{ExpirationTTL: int(time.Hour.Seconds())})
	}
	_ = remember
}
