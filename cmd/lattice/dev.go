package main

import (
	"context"
	"errors"
	"io"
)

func runDev(ctx context.Context, args []string, out, errs io.Writer) error {
	fs := newFlags("dev", devHelp, out, errs)
	if _, err := parse(fs, args, errs); err != nil {
		return err
	}
	return errors.New("soon")
}
