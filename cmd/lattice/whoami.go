package main

import (
	"context"
	"io"
	"os"

	"grove.place/lattice/internal/cloudflare"
)

func runWhoami(ctx context.Context, args []string, out, errs io.Writer) error {
	c := &cloudCommand{out: out, errs: errs}
	fs := newFlags("whoami", whoamiHelp, out, errs)
	fs.BoolVar(&c.json, "json", false, "print JSON, for scripts")
	if _, err := c.parse(fs, args, "", 0, 0); err != nil {
		return err
	}
	return c.whoami(ctx)
}

// whoami shows what the token may see. It needs no configuration.
func (c *cloudCommand) whoami(ctx context.Context) error {
	o, err := cloudflare.FromEnvironment(os.Getenv)
	if err != nil {
		return err
	}
	client, err := cloudflare.New(o)
	if err != nil {
		return err
	}
	status, err := client.Verify(ctx)
	if err != nil {
		return err
	}
	accounts, err := client.Accounts(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"The API token is " + status + ", and sees these accounts:"}}
	for _, a := range accounts {
		mark := ""
		if a.ID == o.Account {
			mark = "(CLOUDFLARE_ACCOUNT_ID)"
		}
		rows = append(rows, []string{"  " + a.ID, a.Name, mark})
	}
	return c.print(map[string]any{"token": status, "accounts": append([]cloudflare.Account{}, accounts...)}, rows)
}
