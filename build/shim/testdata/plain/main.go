// Command plain is a Go program without Lattice.
package main

func main() {}
