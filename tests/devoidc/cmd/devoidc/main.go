// Command devoidc runs the development OpenID Connect provider, and writes the variables that make Grove use it.
//
//	devoidc -listen 127.0.0.1:8799            serve until interrupted
//	devoidc -write-vars .dev.vars             write the file with fresh keys unless it is there, and exit
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"

	"grove.place/lattice/tests/devoidc"
)

func main() {
	listen := flag.String("listen", devoidc.DefaultAddress, "loopback address to listen on")
	vars := flag.String("write-vars", "", "write this file for development unless it exists, and exit")
	domain := flag.String("domain", "localhost:8787", "with -write-vars: the address that Grove is served at")
	flag.Parse()
	if err := run(*listen, *vars, *domain); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(listen, vars, domain string) error {
	if vars != "" {
		return writeVars(vars, domain, listen)
	}
	provider, stop, err := devoidc.Start(listen, devoidc.DefaultClient)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("development sign-in at %s\n", provider.Issuer())
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	<-interrupted
	return nil
}

// writeVars never replaces a file: the keys in it are what people's sessions hang on.
func writeVars(path, domain, listen string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(devoidc.Vars(domain, "http://"+listen, devoidc.DefaultClient).File())
	return errors.Join(err, file.Close())
}
