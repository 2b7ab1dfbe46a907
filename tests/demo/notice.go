package demo

import (
	"fmt"
	"strings"
)

// Notice tells people where the demo is and how to sign in.
func Notice(domain string) string {
	var b strings.Builder
	line := func(what, address string) { fmt.Fprintf(&b, "  %-16s %s\n", what, address) }
	b.WriteString("\n")
	line("Meadow", "http://"+domain+"/")
	for _, t := range sites {
		line(t.name, "http://"+t.subdomain+"."+domain+"/")
		line("  its admin", "http://"+t.subdomain+"."+domain+"/admin")
	}
	b.WriteString(`
  Sign in with "Development" and choose somebody:
    Alice owns alice, Bob owns bob and edits at alice, Carol writes at alice.
    Anybody else begins with an empty account.

  Browsers find *.localhost by themselves, curl does, too. Everything is kept in .lattice/state; remove that folder to begin again.

`)
	return b.String()
}
