package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/build"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
)

// script is the name of the Worker everywhere: ids of objects are made from it.
const script = "conformance"

// jsonVars are environment variables that are not strings.
var jsonVars = map[string]string{"SETTINGS": `{"limit":10,"names":["a","ß"]}`, "HALF": "0.5", "LARGE": "9007199254740991", "FLAG": "true", "NAMES": `["a",null]`}

func rawJSON(texts map[string]string) map[string]json.RawMessage {
	raw := map[string]json.RawMessage{}
	for name, text := range texts {
		raw[name] = json.RawMessage(text)
	}
	return raw
}

var (
	objects   = map[string]string{"OBJ": "Obj", "OTHER": "Other", "FRAGILE": "Fragile", "CHAT": "Chat", "MUTE": "Mute"}
	unbound   = []string{"Cell"}
	databases = []string{"DB"}
	queues    = ownQueues(map[string]string{"QUEUE": "work", "DEAD": "dead"})
	buckets   = []string{"BUCKET"}
	kvSpaces  = []string{"KV", "KV2"}
	limits    = map[string]int{"LIMITER": 3}
	points    = []string{"POINTS"}
	services  = map[string]string{"SELF": script, "AUTH": script, "PLAIN": script, "BARE": script}
	props     = map[string]any{"role": "admin", "level": 3, "tags": []any{"a", map[string]any{"deep": nil}}}
)

// variables are the environment of the Worker.
func variables(upstream string, tcp *tcpServers) map[string]string {
	vars := map[string]string{"GREETING": "hello", "EMPTY": "", "UNICODE": "größe 💥", "UPSTREAM": upstream}
	tcp.variables(vars)
	return vars
}

// host is one home with the cases running in it.
type host struct {
	name, url string
	scheduled func(ctx context.Context, cron string, at time.Time) string // the outcome, as wrangler dev says it
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
	root, err := workerd.Root()
	if err != nil {
		return nil, err
	}
	bundle, err := os.MkdirTemp("", "lattice-conformance-")
	if err != nil {
		return nil, err
	}
	upstream := startUpstream()
	tcp, err := startTCP(bundle)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(bundle))
	}
	vars := variables(upstream.URL, tcp)
	started := hosts{{name: "support", close: func() {
		upstream.Close()
		tcp.close()
		os.RemoveAll(bundle)
	}}}
	var module []byte
	for _, name := range names {
		if name != "oracle" && module == nil {
			if module, err = buildApp(ctx, filepath.Join(root, "conformance", "app"), bundle); err != nil {
				started.close()
				return nil, err
			}
		}
		var h host
		switch name {
		case "oracle":
			h, err = startWorkerd(ctx, name, filepath.Join(root, "conformance", "oracle"), vars)
		case "workerd":
			h, err = startWorkerd(ctx, name, bundle, vars)
		case "mixed", "turned":
			h, err = startMixed(ctx, name, root, bundle, vars)
		case "local":
			h, err = startLocal(ctx, module, vars)
		default:
			err = errors.New("no such home; there are oracle, workerd, local, mixed and turned")
		}
		if err != nil {
			started.close()
			return nil, fmt.Errorf("start %s: %w", name, err)
		}
		started = append(started, h)
	}
	return started, nil
}

// buildApp compiles the Go app into dir and returns the module.
func buildApp(ctx context.Context, source, dir string) ([]byte, error) {
	result, err := build.Build(ctx, build.Options{Dir: source, Out: dir, CacheDir: local.TestCacheDir(), NoSizes: true})
	if err != nil {
		return nil, fmt.Errorf("build the Go app: %w", err)
	}
	return result.Module, nil
}

// ownQueues adds the queues that one case each has for itself, Q0 and so on.
func ownQueues(to map[string]string) map[string]string {
	for i := range 13 {
		to[fmt.Sprint("Q", i)] = fmt.Sprint("own", i)
	}
	return to
}

// consumers are those that tests/workerd/serve.mjs gives every queue.
func consumers() map[string]local.Consumer {
	all := map[string]local.Consumer{}
	for _, name := range queues {
		all[name] = local.Consumer{MaxBatchTimeout: time.Second, MaxRetries: 2, DeadLetterQueue: "dead"}
	}
	all["dead"] = local.Consumer{MaxBatchTimeout: time.Second, MaxRetries: 2}
	return all
}

// startLocal runs the module on the local host, in this process.
func startLocal(ctx context.Context, module []byte, vars map[string]string) (host, error) {
	bound := map[string]local.Database{}
	for _, binding := range databases {
		bound[binding] = local.Database{}
	}
	h, err := local.New(ctx, local.Options{
		Module: module, Name: script, Objects: objects, Databases: bound, Queues: queues, Buckets: map[string]string{"BUCKET": "bucket"}, KV: map[string]string{"KV": "kv", "KV2": "kv2"},
		RateLimits: map[string]local.RateLimit{"LIMITER": {Namespace: "1", Limit: limits["LIMITER"], Period: time.Minute}}, Analytics: map[string]string{"POINTS": "points"}, Version: "VERSION", Consumers: consumers(), Vars: vars,
		JSONVars: jsonVars, Services: services,
		Entrypoints: map[string]local.Entrypoint{"AUTH": {Name: "Auth", Props: props}, "PLAIN": {Name: "Auth"}, "BARE": {Name: "Bare"}}, CacheDir: local.TestCacheDir(),
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return host{}, err
	}
	server := httptest.NewServer(h)
	scheduled := func(ctx context.Context, cron string, at time.Time) string {
		noRetry, err := h.ScheduledOutcome(ctx, cron, at)
		outcome := "ok"
		if err != nil {
			outcome = "exception"
		}
		return fmt.Sprintf(`{"outcome":%q,"noRetry":%t}`, outcome, noRetry)
	}
	return host{"local", server.URL, scheduled, func() {
		server.CloseClientConnections()
		server.Close()
		h.Close()
	}}, nil
}

// startMixed runs the oracle's Worker with the classes of the Go app, which it calls by native RPC; turned, the Go app's Worker with the classes
// of the oracle.
func startMixed(ctx context.Context, name, root, bundle string, vars map[string]string) (host, error) {
	dir := filepath.Join(bundle, name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "conformance", "oracle"))); err != nil {
		return host{}, err
	}
	if err := os.Rename(filepath.Join(dir, build.WorkerFile), filepath.Join(dir, "oracle.mjs")); err != nil {
		return host{}, err
	}
	for from, to := range map[string]string{build.WorkerFile: "go.mjs", build.ModuleFile: build.ModuleFile} {
		if err := os.Link(filepath.Join(bundle, from), filepath.Join(dir, to)); err != nil {
			return host{}, err
		}
	}
	entry := `export { Obj, Other, Fragile, Cell, Chat, Mute, Auth, Bare } from "./go.mjs"; export { default } from "./oracle.mjs";`
	if name == "turned" {
		entry = strings.NewReplacer("./go.mjs", "./oracle.mjs", "./oracle.mjs", "./go.mjs").Replace(entry)
	}
	if err := os.WriteFile(filepath.Join(dir, build.WorkerFile), []byte(entry), 0o600); err != nil {
		return host{}, err
	}
	return startWorkerd(ctx, name, dir, vars)
}

// startWorkerd runs the Worker in dir on real workerd.
func startWorkerd(ctx context.Context, name, dir string, vars map[string]string) (host, error) {
	s, err := workerd.Start(ctx, workerd.Options{Worker: workerd.Worker{
		Name: script, Dir: dir, Objects: objects, Unbound: unbound, D1: databases, Queues: queues, R2: buckets, KV: kvSpaces, Limits: limits, Points: points, Version: "VERSION", Vars: vars,
		JSONVars: rawJSON(jsonVars), Services: services,
		Entrypoints: map[string]workerd.Entrypoint{"AUTH": {Name: "Auth", Props: props}, "PLAIN": {Name: "Auth"}, "BARE": {Name: "Bare"}},
	}})
	if err != nil {
		return host{}, err
	}
	return host{name, s.URL, scheduledThrough(s.Entry + "/cdn-cgi/local/scheduled"), func() { s.Close() }}, nil
}

// scheduledThrough delivers scheduled events as wrangler dev --test-scheduled does.
func scheduledThrough(address string) func(context.Context, string, time.Time) string {
	return func(ctx context.Context, cron string, at time.Time) string {
		query := url.Values{"cron": {cron}, "time": {strconv.FormatInt(at.UnixMilli(), 10)}, "format": {"json"}}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+query.Encode(), nil)
		if err != nil {
			return err.Error()
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
}
