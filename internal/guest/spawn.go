package guest

// maxIdle is how many goroutines wait for the next event.
const maxIdle = 4

// idle holds the goroutines that wait. Like the tables of frames it needs no lock.
var idle []chan func()

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
