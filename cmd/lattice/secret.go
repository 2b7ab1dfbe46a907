package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/term"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/deploy"
	"grove.place/lattice/internal/wrangler"
)

func runSecret(ctx context.Context, args []string, out, errs io.Writer) error {
	return cloudCommands{"secret", secretHelp, map[string]func(context.Context, *cloudCommand, []string) error{
		"put": secretPut, "list": secretList, "delete": secretDelete, "bulk": secretBulk,
	}}.start(ctx, args, out, errs)
}

var secretName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func checkSecretName(name string) error {
	if !secretName.MatchString(name) {
		return fmt.Errorf("%q is no name of a secret: use letters, digits and _. The value is no argument: it is read from the standard input", name)
	}
	return nil
}

func secretPut(ctx context.Context, c *cloudCommand, args []string) error {
	given, err := c.parse(c.cloudFlags("secret put", secretHelp), args, "NAME, with the value on the standard input", 1, 1)
	if err != nil {
		return err
	}
	if err := checkSecretName(given[0]); err != nil {
		return err
	}
	client, name, err := c.connect(ctx)
	if err != nil {
		return err
	}
	value, err := c.readSecret(given[0])
	if err != nil {
		return err
	}
	if err := c.withWorker(ctx, client, name, func() error { return client.PutSecret(ctx, name, given[0], value) }); err != nil {
		return err
	}
	return c.print(map[string]string{"worker": name, "name": given[0]}, [][]string{{"Set the secret " + given[0] + " of " + name + ", which is live"}})
}

// withWorker sets secrets, in a Worker that does nothing if none was deployed yet, as wrangler does.
func (c *cloudCommand) withWorker(ctx context.Context, client *cloudflare.Client, name string, set func() error) error {
	err := set()
	if !cloudflare.IsMissing(err) {
		return err
	}
	fmt.Fprintf(c.errs, "There is no Worker %s yet: an empty one is made, which keeps the secrets until `lattice deploy` gives it a program\n", name)
	if _, err := client.Put(ctx, name, deploy.Draft(name)); err != nil {
		return err
	}
	return set()
}

// readSecret reads a value: one line that a person types and nobody sees, or all that is piped in.
func (c *cloudCommand) readSecret(name string) (string, error) {
	var value []byte
	var err error
	if stdin := int(os.Stdin.Fd()); term.IsTerminal(stdin) {
		fmt.Fprintf(c.errs, "Value of %s (it is not shown): ", name)
		value, err = term.ReadPassword(stdin)
		fmt.Fprintln(c.errs)
	} else {
		value, err = io.ReadAll(os.Stdin)
	}
	if err != nil {
		return "", fmt.Errorf("read the value of %s: %w", name, err)
	}
	text := strings.TrimRightFunc(string(value), unicode.IsSpace) // as wrangler has it
	if text == "" {
		return "", fmt.Errorf("the value of %s is empty: type it, or pipe it in: lattice secret put %s < file", name, name)
	}
	return text, nil
}

func secretList(ctx context.Context, c *cloudCommand, args []string) error {
	if _, err := c.parse(c.cloudFlags("secret list", secretHelp), args, "", 0, 0); err != nil {
		return err
	}
	client, name, err := c.connect(ctx)
	if err != nil {
		return err
	}
	names, err := client.Secrets(ctx, name)
	if err != nil {
		return err
	}
	slices.Sort(names)
	list, rows := []map[string]string{}, [][]string{}
	for _, n := range names {
		list, rows = append(list, map[string]string{"name": n, "type": "secret_text"}), append(rows, []string{n})
	}
	return c.print(list, rows)
}

func secretDelete(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.cloudFlags("secret delete", secretHelp)
	yes := fs.Bool("yes", false, "do not ask")
	given, err := c.parse(fs, args, "NAME", 1, 1)
	if err != nil {
		return err
	}
	if err := checkSecretName(given[0]); err != nil {
		return err
	}
	client, name, err := c.connect(ctx)
	if err != nil {
		return err
	}
	if !*yes && term.IsTerminal(int(os.Stdin.Fd())) {
		fmt.Fprintf(c.errs, "Delete the secret %s of %s? Nobody can read it again. [y/N] ", given[0], name)
		var answer string
		if _, _ = fmt.Fscanln(os.Stdin, &answer); !strings.HasPrefix(strings.ToLower(answer), "y") {
			return fmt.Errorf("%s was not deleted", given[0])
		}
	}
	if err := client.DeleteSecret(ctx, name, given[0]); err != nil {
		return err
	}
	return c.print(map[string]string{"worker": name, "name": given[0]}, [][]string{{"Deleted the secret " + given[0] + " of " + name}})
}

func secretBulk(ctx context.Context, c *cloudCommand, args []string) error {
	given, err := c.parse(c.cloudFlags("secret bulk", secretHelp), args, "[FILE]", 0, 1)
	if err != nil {
		return err
	}
	var text []byte
	if len(given) > 0 {
		text, err = os.ReadFile(given[0])
	} else {
		text, err = io.ReadAll(os.Stdin)
	}
	if err != nil {
		return fmt.Errorf("read the secrets: %w", err)
	}
	values, err := wrangler.ParseSecrets(string(text))
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(values))
	if len(names) == 0 {
		return fmt.Errorf("there are no secrets in it: write {\"NAME\": \"value\"}, or NAME=value lines")
	}
	for _, n := range names {
		if err := checkSecretName(n); err != nil {
			return err
		}
	}
	client, name, err := c.connect(ctx)
	if err != nil {
		return err
	}
	if err := c.withWorker(ctx, client, name, func() error { return client.PutSecrets(ctx, name, values) }); err != nil {
		return err
	}
	return c.print(map[string]any{"worker": name, "names": names}, [][]string{{fmt.Sprintf("Set %s of %s: %s", count(len(names), "secret"), name, strings.Join(names, ", "))}})
}
