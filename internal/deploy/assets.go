package deploy

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"grove.place/lattice/internal/assetfiles"
	"grove.place/lattice/internal/blake3"
	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/wrangler"
)

// assets are the static files of a Worker.
type assets struct {
	root     fs.FS
	manifest map[string]cloudflare.Asset // by the path, which begins with a slash
	names    map[string]string           // of a file with that hash
	size     int64
	config   map[string]any
}

func readAssets(cfg *wrangler.Config) (*assets, error) {
	if cfg.Assets == nil || cfg.Assets.Directory == "" {
		return nil, nil
	}
	dir := cfg.Abs(cfg.Assets.Directory)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s:%d: there is no folder %s: make it, or change assets.directory", cfg.Path, cfg.Line("assets.directory"), dir)
	}
	a := &assets{root: os.DirFS(dir), manifest: map[string]cloudflare.Asset{}, names: map[string]string{}, config: map[string]any{}}
	list, err := assetfiles.List(a.root)
	if err != nil {
		return nil, fmt.Errorf("assets in %s: %w", dir, err)
	}
	for _, name := range list {
		content, err := fs.ReadFile(a.root, name)
		if err != nil {
			return nil, fmt.Errorf("assets: %w", err)
		}
		hash := hashOf(name, content)
		a.manifest["/"+name] = cloudflare.Asset{Hash: hash, Size: int64(len(content))}
		a.names[hash] = name
		a.size += int64(len(content))
	}
	for _, key := range []string{"html_handling", "not_found_handling", "base_path", "run_worker_first"} {
		if v := cfg.Setting("assets." + key); v != nil {
			a.config[key] = v
		}
	}
	for _, name := range []string{assetfiles.Headers, assetfiles.Redirects} {
		text, err := fs.ReadFile(a.root, name)
		if err == nil {
			a.config[name] = string(text)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("assets: %w", err)
		}
	}
	return a, nil
}

// hashOf names a file as wrangler does: BLAKE3 of its base64 and its ending, so that files are known that wrangler has uploaded.
func hashOf(name string, content []byte) string {
	ending := path.Ext(name)
	if ending == path.Base(name) {
		ending = "" // .hidden
	}
	sum := blake3.Sum([]byte(base64.StdEncoding.EncodeToString(content) + strings.TrimPrefix(ending, ".")))
	return hex.EncodeToString(sum[:16])
}

// upload sends the files that Cloudflare lacks, and returns the JWT that the script's metadata needs. Files that were sent stay when it fails, so that
// the next run sends only the rest.
func (a *assets) upload(ctx context.Context, c *cloudflare.Client, worker string, progress func(format string, args ...any)) (jwt string, err error) {
	session, err := c.StartAssets(ctx, worker, a.manifest)
	if err != nil {
		return "", err
	}
	total, sent, bytes := 0, 0, int64(0)
	for _, b := range session.Buckets {
		total += len(b)
	}
	if total == 0 {
		progress("all %d static files are there already", len(a.manifest))
		return session.JWT, nil
	}
	for _, bucket := range session.Buckets {
		var files []cloudflare.Module
		for _, hash := range bucket {
			name, ok := a.names[hash]
			if !ok {
				return "", fmt.Errorf("upload static files: Cloudflare asks for one that is not in the folder (%s): run the command again", hash)
			}
			content, err := fs.ReadFile(a.root, name)
			if err != nil {
				return "", fmt.Errorf("upload static files: %w", err)
			}
			if hashOf(name, content) != hash {
				return "", fmt.Errorf("upload static files: %s has changed meanwhile: run the command again", name)
			}
			typ := assetfiles.ContentType(name)
			if typ == "" {
				typ = "application/null" // none at all
			}
			files = append(files, cloudflare.Module{Name: hash, Type: typ, Content: []byte(base64.StdEncoding.EncodeToString(content))})
			bytes += int64(len(content))
		}
		done, err := c.UploadAssets(ctx, session, files)
		if err != nil {
			return "", fmt.Errorf("after %d of %d files: %w", sent, total, err)
		}
		if done != "" {
			jwt = done
		}
		sent += len(files)
		progress("%d of %d static files, %s", sent, total, size(int(bytes)))
	}
	if jwt == "" {
		return "", errors.New("upload static files: Cloudflare took them all and gave no receipt: run the command again")
	}
	return jwt, nil
}

// Files are the paths of the static files, for people.
func (p *Plan) Files() []string {
	if p.assets == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(p.assets.manifest))
}
