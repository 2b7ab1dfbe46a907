package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/tests/cloudflareapi"
)

// loggedOut is a folder, and an account with nothing that leads to it but its address.
func loggedOut(t *testing.T) *cloudflareapi.Server {
	t.Helper()
	t.Chdir(t.TempDir())
	clearAccount(t)
	api := cloudflareapi.Start(t)
	t.Setenv("CLOUDFLARE_API_BASE_URL", api.URL)
	t.Setenv("WRANGLER_TOKEN_URL", strings.TrimSuffix(api.URL, "/client/v4")+"/oauth2/token")
	return api
}

// whoami runs the command, and watches for secrets in what it prints.
func whoami(t *testing.T, args ...string) string {
	t.Helper()
	_, out := lattice(t, append([]string{"whoami"}, args...)...)
	for _, secret := range []string{cloudflareapi.Token, cloudflareapi.Refresh} {
		if strings.Contains(out, secret) {
			t.Errorf("a secret is printed:\n%s", out)
		}
	}
	return out
}

func expect(t *testing.T, out string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(out, p) {
			t.Errorf("it does not say %q:\n%s", p, out)
		}
	}
}

func TestCredentialsComeFromWhereWranglerTakesThem(t *testing.T) {
	api := loggedOut(t)
	expect(t, whoami(t), "there is no API token: set CLOUDFLARE_API_TOKEN")
	write(t, ".env", "CLOUDFLARE_API_TOKEN=wrong\n")
	expect(t, whoami(t), "the API token (CLOUDFLARE_API_TOKEN in .env) is not valid")
	write(t, ".env.local", "CLOUDFLARE_API_TOKEN="+cloudflareapi.Token+"\nCLOUDFLARE_ACCOUNT_ID="+cloudflareapi.AccountID+"\n")
	expect(t, whoami(t), "The API token is active: CLOUDFLARE_API_TOKEN in .env.local", cloudflareapi.AccountID+"  The account of the tests  (CLOUDFLARE_ACCOUNT_ID in .env.local)")
	write(t, ".env.staging", "CLOUDFLARE_API_TOKEN=wrong\n")
	expect(t, whoami(t, "--env", "staging"), "CLOUDFLARE_API_TOKEN in .env.staging) is not valid")
	expect(t, whoami(t, "--env", "staging", "--env-file", ".env.local"), "is active: CLOUDFLARE_API_TOKEN in .env.local")
	t.Setenv("CLOUDFLARE_API_TOKEN", "other")
	expect(t, whoami(t), "(CLOUDFLARE_API_TOKEN in the environment) is not valid")
	write(t, "wrangler.toml", "name = \"w\"\naccount_id = \"bbbb\"\n")
	api.SetAccounts(cloudflareapi.Account{ID: cloudflareapi.AccountID, Name: "Mine"}, cloudflareapi.Account{ID: "bbbb", Name: "Theirs"})
	t.Setenv("CLOUDFLARE_API_TOKEN", "")
	// The file's account wins, as with wrangler.
	expect(t, whoami(t), "bbbb                              Theirs  (account_id in wrangler.toml)")
	// A key with its address wins over a token.
	t.Setenv("CLOUDFLARE_API_KEY", cloudflareapi.Token)
	expect(t, whoami(t), "CLOUDFLARE_API_TOKEN in .env.local")
	t.Setenv("CLOUDFLARE_EMAIL", "someone@example.com")
	expect(t, whoami(t), "CLOUDFLARE_API_KEY in the environment", "It is that of someone@example.com")
}

func TestSeveralAccountsAreListed(t *testing.T) {
	api := loggedOut(t)
	t.Setenv("CLOUDFLARE_API_TOKEN", cloudflareapi.Token)
	api.SetAccounts(cloudflareapi.Account{ID: "aaaa", Name: "Mine"}, cloudflareapi.Account{ID: "bbbb", Name: "Theirs"})
	_, out := lattice(t, "secret", "list", "--name", "w")
	expect(t, out, "sees several accounts: write account_id in the configuration, or set CLOUDFLARE_ACCOUNT_ID, to one of", "aaaa  Mine", "bbbb  Theirs")
}

func TestTheSessionOfWranglerLoginIsUsedAndRenewed(t *testing.T) {
	loggedOut(t)
	dir := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), ".wrangler", "config")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "default.toml")
	session := func(token, refresh, expires string) {
		write(t, file, "oauth_token = \""+token+"\"\nexpiration_time = \""+expires+"\"\nrefresh_token = \""+refresh+"\"\nscopes = [ \"account:read\", \"workers:write\" ]\n")
	}
	session(cloudflareapi.Token, cloudflareapi.Refresh, "2199-01-01T00:00:00.000Z")
	expect(t, whoami(t), "The session is valid until 2199-01-01 00:00:00Z: the session of wrangler login in "+file, cloudflareapi.AccountID)
	session("old", cloudflareapi.Refresh, "2020-01-01T00:00:00.000Z")
	expect(t, whoami(t), "The session is valid until ", cloudflareapi.AccountID)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "oauth_token = \""+cloudflareapi.Token+"\"\n") || !strings.Contains(string(text), "refresh_token = \"the next one\"\nscopes = [ \"account:read\", \"workers:write\" ]\n") {
		t.Errorf("the renewed session is not kept: %v", err)
	}
	session("old", "spent", "2020-01-01T00:00:00.000Z")
	before, _ := os.ReadFile(file)
	expect(t, whoami(t), "refused it (400 invalid_grant): log in again with `wrangler login`, or set CLOUDFLARE_API_TOKEN")
	if after, _ := os.ReadFile(file); string(after) != string(before) {
		t.Error("a session that was refused is written over")
	}
	session("taken back", "", "2199-01-01T00:00:00.000Z")
	expect(t, whoami(t), "run `wrangler login` again, or set CLOUDFLARE_API_TOKEN")
	// A token goes before it.
	t.Setenv("CLOUDFLARE_API_TOKEN", cloudflareapi.Token)
	expect(t, whoami(t), "The API token is active")
}
