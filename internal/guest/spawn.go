package guest

import "context"

// maxIdle is how many goroutines wait for the next event.
const maxIdle = 4

// idle holds the goroutines that wait. Like the tables of frames it needs no lock.
var idle []chan func()

// Package ambient sets these. OnStart is called in the goroutine of each event before its handler, OnReady when all handlers are exported.
var (
	OnStart func(ctx context.Context)
	OnReady = func() {}
)

// Ready says that main has exported its handlers.
func Ready() {
	Announce()
	OnReady()
}

// spawn runs the event's handler in a goroutine.
func (f *Frame) spawn(handle func()) {
	if OnStart == nil {
		spawn(handle)
		return
	}
	spawn(func() {
		OnStart(f.ctx)
		handle()
	})
}

// spawn runs task in a goroutine that has handled events before, if one waits: its stack has grown already, and growing the stack of a fresh
// one costs a tenth of a short event.
func spawn(task func()) {
	if n := len(idle); n > 0 {
		c := idle[n-1]
		idle = idle[:n-1]
		c <- task
		return
	}
	c := make(chan func(), 1)
	c <- task
	go serve(c)
}

func serve(tasks chan func()) {
	for task := range tasks {
		task()
		if len(idle) == maxIdle {
			return
		}
		idle = append(idle, tasks)
	}
}
