package build

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"grove.place/lattice/internal/wrangler"
)

// pages lays out a Pages project whose functions are a program of github.com/syumai/workers: requests under the routes of the folder functions go to
// the program, all others to the static files, as `wrangler pages dev` has it. Any other project is left alone.
// See https://developers.cloudflare.com/pages/functions/routing/.
func pages(cfg *wrangler.Config) (warnings []string) {
	if cfg.Assets != nil {
		return nil
	}
	routes, foreign := functionRoutes(cfg.Abs("functions"))
	if len(routes) == 0 {
		return nil
	}
	for _, file := range foreign {
		warnings = append(warnings, fmt.Sprintf("functions/%s is JavaScript of its own, which the local host does not run: it runs functions that hand on to the Go program", file))
	}
	dir := staticFolder(cfg)
	if dir == "" {
		return append(warnings, fmt.Sprintf("the folder functions makes this a Pages project, but where its static files are is not known: add pages_build_output_dir to %s", filepath.Base(cfg.Path)))
	}
	first := make([]any, len(routes))
	for i, r := range routes {
		first[i] = r
	}
	cfg.Assets = &wrangler.Assets{Directory: dir, Binding: "ASSETS", RunWorkerFirst: first, NotFoundHandling: "single-page-application"}
	if _, err := os.Stat(filepath.Join(cfg.Abs(dir), "404.html")); err == nil {
		cfg.Assets.NotFoundHandling = "404-page"
	}
	return warnings
}

// staticFolder is what the file names, or the first of the usual folders that has a page.
func staticFolder(cfg *wrangler.Config) string {
	if cfg.PagesDir != "" {
		return cfg.PagesDir
	}
	for _, dir := range []string{"pages", "public", "static", "dist"} {
		if _, err := os.Stat(filepath.Join(cfg.Abs(dir), "index.html")); err == nil {
			return dir
		}
	}
	return ""
}

// functionRoutes returns the paths that the files of a folder functions stand for, those of the Go program and the names of the other files.
func functionRoutes(dir string) (routes, foreign []string) {
	_ = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".js", ".mjs", ".ts"}, path.Ext(name)) {
			return nil
		}
		text, err := fs.ReadFile(os.DirFS(dir), name)
		if err != nil {
			return nil
		}
		if !bytes.Contains(text, []byte("app.wasm")) && !bytes.Contains(text, []byte("worker.mjs")) && !bytes.Contains(text, []byte("shim.mjs")) {
			foreign = append(foreign, name)
			return nil
		}
		routes = append(routes, routesOf(name)...)
		return nil
	})
	return routes, foreign
}

// routesOf returns the patterns of a file: [name] stands for a part of the path, [[name]] for any number of them, index for none.
func routesOf(name string) []string {
	var parts []string
	name = strings.TrimSuffix(name, path.Ext(name))
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "index":
		case part == "_middleware", strings.HasPrefix(part, "[["):
			base := strings.Join(append([]string{""}, parts...), "/")
			if base == "" {
				return []string{"/*"}
			}
			return []string{base, base + "/*"}
		case strings.HasPrefix(part, "["):
			parts = append(parts, "*")
		default:
			parts = append(parts, part)
		}
	}
	return []string{"/" + strings.Join(parts, "/")}
}
