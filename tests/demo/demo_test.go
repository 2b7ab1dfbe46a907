package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/tests/devoidc"
)

// output collects what a command prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// grove is `lattice dev` with the demo, as the Makefile starts it.
type grove struct {
	t       *testing.T
	lattice string // the command
	state   string
	seed    string
	domain  string
	vars    devoidc.Variables
}

func newGrove(t *testing.T) *grove {
	t.Helper()
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	domain := fmt.Sprintf("localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	provider, stop, err := devoidc.Start("127.0.0.1:0", devoidc.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	g := &grove{t: t, lattice: filepath.Join(dir, "lattice"), state: filepath.Join(dir, "state"), seed: filepath.Join(dir, "demo.sql"), domain: domain,
		vars: devoidc.Vars(domain, provider.Issuer(), provider.Client())}
	if text, err := exec.Command("go", "build", "-o", g.lattice, "grove.place/lattice/cmd/lattice").CombinedOutput(); err != nil {
		t.Fatalf("build the command: %v\n%s", err, text)
	}
	if err := os.WriteFile(filepath.Join(dir, "notice.txt"), []byte(Notice(domain)), 0o600); err != nil {
		t.Fatal(err)
	}
	return g
}

// start writes a new seed, starts the server and waits until it has said where to look.
func (g *grove) start() (out *output, stop func()) {
	g.t.Helper()
	sql, err := SQL(time.Now())
	if err == nil {
		err = os.WriteFile(g.seed, []byte(sql), 0o600)
	}
	if err != nil {
		g.t.Fatal(err)
	}
	_, port, _ := strings.Cut(g.domain, ":")
	args := []string{"dev", "--config", "../../wrangler.toml", "--port", port, "--persist-to", g.state, "--d1-seed", "DB=" + g.seed,
		"--notice", filepath.Join(filepath.Dir(g.seed), "notice.txt")}
	for name, value := range g.vars {
		args = append(args, "--var", name+":"+value)
	}
	ctx, cancel := context.WithCancel(context.Background())
	out = &output{}
	cmd := exec.CommandContext(ctx, g.lattice, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	g.t.Cleanup(stop)
	for deadline := time.Now().Add(2 * time.Minute); !strings.Contains(out.String(), "choose somebody"); time.Sleep(50 * time.Millisecond) {
		select {
		case <-done:
			g.t.Fatalf("lattice dev has ended:\n%s", out)
		default:
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("lattice dev is not ready:\n%s", out)
		}
	}
	return out, stop
}

// client is a browser: it keeps cookies, and finds every name under localhost on this machine.
func (g *grove) client() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, Timeout: 2 * time.Minute, Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, _ := net.SplitHostPort(address)
		return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
	}}}
}

func (g *grove) get(c *http.Client, host, path string) (status int, body string, at *url.URL) {
	g.t.Helper()
	res, err := c.Get("http://" + host + g.domain + path)
	if err != nil {
		g.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return res.StatusCode, string(text), res.Request.URL
}

// expect reads a page that must contain those texts.
func (g *grove) expect(c *http.Client, host, path string, texts ...string) string {
	g.t.Helper()
	status, body, at := g.get(c, host, path)
	for _, text := range texts {
		if status != http.StatusOK || !strings.Contains(body, text) {
			g.t.Errorf("%s%s answers %d at %s without %q:\n%.2000s", host, path, status, at, text, body)
			break
		}
	}
	return body
}

// signIn signs somebody in, as the page of the provider does.
func (g *grove) signIn(user devoidc.User) *http.Client {
	g.t.Helper()
	c := g.client()
	_, _, authorize := g.get(c, "", "/auth/login/dev?return_to=/settings/sessions")
	res, err := c.PostForm(authorize.String(), url.Values{"name": {user.Name}, "email": {user.Email}, "sub": {user.Subject}, "email_verified": {"1"}})
	if err != nil {
		g.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/settings/sessions" {
		g.t.Fatalf("%s does not get in: %d at %s", user.Name, res.StatusCode, res.Request.URL)
	}
	return c
}

var postID = regexp.MustCompile(`data-post="([^"]+)"`)

func TestAnEmptyFolderBecomesTheDemo(t *testing.T) {
	g := newGrove(t)
	out, stop := g.start()
	if text := out.String(); strings.Count(text, "seeded the new database") != 1 || !strings.Contains(text, "http://alice."+g.domain+"/") {
		t.Errorf("the start does not tell of seed and addresses:\n%s", text)
	}
	anybody := g.client()
	g.expect(anybody, "alice.", "/", "Alice’s Garden", "The first frost", "Bread that waits for you", "Carol Cedar", "A kitchen garden by summer")
	g.expect(anybody, "bob.", "/", "Bob Builds", "A stool with three legs", "Plans for a very small boat")
	g.expect(anybody, "alice.", "/trails/kitchen-garden", "Build the raised beds", "The first salad")
	post := g.expect(anybody, "alice.", "/posts/bread-that-waits-for-you", "<td>500</td>", "<strong>in the fridge</strong>", "recipe")
	id := postID.FindStringSubmatch(post)
	if id == nil {
		t.Fatal("the page of a post does not say which it is")
	}
	g.expect(anybody, "alice.", "/api/posts/"+id[1]+"/comments", "Fourteen hours in the fridge", "It takes a little more water", "add that to the recipe")
	if status, _, _ := g.get(anybody, "carol.", "/"); status != http.StatusNotFound {
		t.Errorf("a site that nobody has answers %d", status)
	}

	alice := g.signIn(devoidc.Suggestions[0])
	g.expect(alice, "alice.", "/admin", "Write a post", "Seasons")
	g.expect(alice, "alice.", "/admin/posts", "What I took home from the seed swap")
	g.expect(alice, "", "/", "Plans for a very small boat") // she follows Bob
	g.expect(alice, "", "/api/notifications/unread", `"unread":2`)
	g.expect(alice, "", "/notifications", "Carol Cedar and Bob Birch reacted to your post “Bread that waits for you”", "Bob Birch commented on your post", "Carol Cedar commented on your post “The first frost”", "follows you")
	g.expect(alice, "", "/", "Alice’s Garden", "Start a site")
	g.expect(g.signIn(devoidc.Suggestions[1]), "alice.", "/admin", "Write a post")
	if status, _, _ := g.get(g.signIn(devoidc.User{Name: "Erin Elm", Email: "erin@example.test"}), "alice.", "/admin"); status != http.StatusForbidden && status != http.StatusNotFound {
		t.Errorf("a stranger gets %d from alice's admin panel", status)
	}
	stop()

	out, _ = g.start()
	if strings.Contains(out.String(), "seeded") {
		t.Errorf("the second start seeds again:\n%s", out)
	}
	home := g.expect(g.client(), "alice.", "/", "The first frost")
	if n := strings.Count(home, "/posts/the-first-frost"); n != 1 {
		t.Errorf("the post is there %d times after the second start", n)
	}
}

func TestTheDemoNeverHoldsWhatCannotBeText(t *testing.T) {
	if got := quote("it's 'x'"); got != "'it''s ''x'''" {
		t.Errorf("quoted as %s", got)
	}
	sql, err := SQL(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, subdomain := range Subdomains {
		if !strings.Contains(sql, "'"+subdomain+"'") {
			t.Errorf("no site %s", subdomain)
		}
	}
}
