// Package browser is the Chromium in which tests look at pages as people do: those of the inspector, of the templates and of Grove.
//
// The one idea is that a browser complains: a page that works in spite of a script that fails, or of a style that its policy forbids, does not pass.
// Start with Start, and Listen to each window.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Start starts Chromium without a screen, of Debian's package, until end is called. chromedp.NewContext opens further windows in it.
func Start(more ...chromedp.ExecAllocatorOption) (window context.Context, end func(), err error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, errors.New("chromium is not installed: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-dev-shm-usage", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	window, closeWindow := chromedp.NewContext(allocator)
	end = func() {
		closeWindow()
		stop()
	}
	if err := chromedp.Do(window); err != nil {
		end()
		return nil, nil, fmt.Errorf("start chromium: %w", err)
	}
	return window, end, nil
}

// Complaint is a script that has failed, something that a page's policy forbids, or a request that was refused.
type Complaint struct {
	Text, URL string
	Network   bool // it is about a request
}

func (c Complaint) String() string { return fmt.Sprintf("%s (%s)", c.Text, c.URL) }

// Listen tells heard what a window complains about, on a goroutine of its own.
func Listen(window context.Context, heard func(Complaint)) error {
	err := chromedp.Listen(window, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError {
				heard(Complaint{e.Entry.Text, e.Entry.URL, e.Entry.Source == log.EntrySourceNetwork})
			}
		case *runtime.EventExceptionThrown:
			heard(Complaint{e.ExceptionDetails.Text, e.ExceptionDetails.URL, false})
		}
	})
	if err == nil {
		_, err = chromedp.Call(window, log.Enable, cdp.Empty{})
	}
	return err
}
