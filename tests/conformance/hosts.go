package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"grove.place/lattice/tests/workerd"
)

// script is the name of the Worker everywhere: ids of objects are made from it.
const script = "conformance"

var (
	objects   = map[string]string{"OBJ": "Obj", "OTHER": "Other", "FRAGILE": "Fragile"}
	databases = []string{"DB"}
)

// variables are the environment of the Worker.
func variables(upstream string) map[string]string {
	return map[string]string{"GREETING": "hello", "EMPTY": "", "UNICODE": "größe 💥", "UPSTREAM": upstream}
}

// host is one home with the cases running in it.
type host struct {
	name, url string
	scheduled func(ctx context.Context, cron string, at time.Time) error
	close     func()
}

type hosts []host

func (h hosts) close() {
	for _, one := range h {
		one.close()
	}
}

// startHosts starts the named homes, and the server that the fetch cases call.
func startHosts(ctx context.Context, names []string) (hosts, error) {
	upstream := startUpstream()
	started := hosts{}
	var bundle string
	for _, name := range names {
		h, err := startHost(ctx, name, upstream.URL, &bundle)
		if err != nil {
			started.close()
			upstream.Close()
			return nil, fmt.Errorf("start %s: %w", name, err)
		}
		started = append(started, h)
	}
	last := &started[len(started)-1]
	closeLast := last.close
	last.close = func() { closeLast(); upstream.Close() }
	return started, nil
}

func startHost(ctx context.Context, name, upstream string, bundle *string) (host, error) {
	root, err := workerd.Root()
	if err != nil {
		return host{}, err
	}
	switch name {
	case "oracle":
		return startWorkerd(ctx, name, filepath.Join(root, "conformance", "oracle"), upstream)
	default:
		return host{}, fmt.Errorf("no such home; there are oracle, workerd and local")
	}
}

// startWorkerd runs the Worker in dir on real workerd.
func startWorkerd(ctx context.Context, name, dir, upstream string) (host, error) {
	s, err := workerd.Start(ctx, workerd.Options{Worker: workerd.Worker{
		Name: script, Dir: dir, Objects: objects, D1: databases, Vars: variables(upstream),
	}})
	if err != nil {
		return host{}, err
	}
	return host{name, s.URL, scheduledThrough(s.Entry + "/cdn-cgi/local/scheduled"), func() { s.Close() }}, nil
}

// scheduledThrough delivers scheduled events as wrangler dev --test-scheduled does.
func scheduledThrough(address string) func(context.Context, string, time.Time) error {
	return func(ctx context.Context, cron string, at time.Time) error {
		query := url.Values{"cron": {cron}, "time": {strconv.FormatInt(at.UnixMilli(), 10)}}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+query.Encode(), nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		io.Copy(io.Discard, resp.Body)
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("the scheduled handler failed")
		}
		return nil
	}
}
