// Package diary holds what the module and its test say to each other.
package diary

import "time"

// Plan asks for a task.
type Plan struct {
	Task string    `json:"task"`
	At   time.Time `json:"at"`
}
