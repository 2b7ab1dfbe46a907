package main

import (
	"context"
	"io"

	"grove.place/lattice/internal/cloudflare"
)

func runWhoami(ctx context.Context, args []string, out, errs io.Writer) error {
	c := &cloudCommand{out: out, errs: errs}
	fs := newFlags("whoami", whoamiHelp, out, errs)
	c.configFlags(fs)
	c.envFileFlag(fs)
	fs.BoolVar(&c.json, "json", false, "print JSON, for scripts")
	if _, err := c.parse(fs, args, "", 0, 0); err != nil {
		return err
	}
	return c.whoami(ctx)
}

// whoami shows where the credentials come from, and what they may see. It needs no configuration.
func (c *cloudCommand) whoami(ctx context.Context) error {
	client, o, session, err := c.open(ctx)
	if err != nil {
		return err
	}
	kind, status := "The API token", "valid until "
	if session != nil {
		kind, status = "The session", status+when(session.Expires)
	} else if status, err = client.Verify(ctx); err != nil {
		return err
	}
	if o.Key != "" {
		kind = "The account's key"
	}
	accounts, err := client.Accounts(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{kind + " is " + status + ": " + o.Source}}
	if o.Email != "" {
		rows = append(rows, []string{"It is that of " + o.Email})
	}
	rows = append(rows, []string{"It sees these accounts:"})
	configured := ""
	if c.settings() == nil {
		configured, _ = c.cfg.Setting("account_id").(string)
	}
	environ, err := c.environ()
	if err != nil {
		return err
	}
	for _, a := range accounts {
		mark := ""
		switch a.ID {
		case configured:
			mark = "(account_id in " + c.cfg.Path + ")"
		case o.Account:
			mark = "(" + environ.From("CLOUDFLARE_ACCOUNT_ID") + ")"
		}
		rows = append(rows, []string{"  " + a.ID, a.Name, mark})
	}
	return c.print(map[string]any{"token": status, "source": o.Source, "accounts": append([]cloudflare.Account{}, accounts...)}, rows)
}
