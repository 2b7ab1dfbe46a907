// Command cloudflareapi runs the stand-in for Cloudflare's API, to try a deployment without an account. It prints the variables that lead `lattice deploy`
// and wrangler to it, and then each request that comes, until it is interrupted; nothing is kept.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"grove.place/lattice/tests/cloudflareapi"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "cloudflareapi runs a stand-in for Cloudflare's API, and prints the variables that lead lattice deploy and wrangler to it.")
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server, closed := cloudflareapi.Listen(func(r cloudflareapi.Request) { fmt.Println(r) })
	defer closed()
	for _, variable := range server.Environ() {
		fmt.Println("export", variable)
	}
	<-ctx.Done()
}
