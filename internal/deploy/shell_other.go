//go:build !unix

package deploy

import (
	"context"
	"os/exec"
	"time"
)

// shell is a command line as npm and wrangler run it.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd", "/d", "/s", "/c", line)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}
