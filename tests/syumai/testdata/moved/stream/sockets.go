package main

// handleSockets does nothing: sockets are not among the packages that a program moves to.
func handleSockets() {}
