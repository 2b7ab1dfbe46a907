package local

import "time"

// WaitForReload has Reload wait so long for what runs, until restore is called.
func WaitForReload(d time.Duration) (restore func()) {
	before := reloadPatience
	reloadPatience = d
	return func() { reloadPatience = before }
}
