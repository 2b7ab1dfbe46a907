// Package library has no func main.
package library
