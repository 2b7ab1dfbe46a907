package build

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

//go:embed shim/*.mjs
var shim embed.FS

// entry is the source of worker.mjs before bundling: the module, the shim, and one real class for each Go class, because
// the runtime looks for exported classes by name.
func entry(m *Manifest) string {
	var b strings.Builder
	fmt.Fprintf(&b, "import wasm from %q;\n", "./"+ModuleFile)
	b.WriteString("import { createRuntime } from \"shim/index.mjs\";\n")
	if m.Sockets {
		b.WriteString("import \"shim/tcp.mjs\";\n")
	}
	fmt.Fprintf(&b, "const rt = createRuntime(wasm, { fetch: %v, scheduled: %v, queue: %v });\n", m.Fetch, m.Scheduled, m.Queue)
	if len(m.Entrypoints) > 0 {
		b.WriteString("import { entrypointClass } from \"shim/entrypoint.mjs\";\n")
	}
	if m.entrypoint(defaultEntrypoint) == nil {
		b.WriteString("export default rt.worker;\n")
	}
	for _, e := range m.Entrypoints {
		declared := "class " + e.Name
		if e.Name == defaultEntrypoint {
			declared = "default class"
		}
		fmt.Fprintf(&b, "export %s extends entrypointClass(rt, %q, { fetch: %v, methods: %s }) {}\n", declared, e.Name, e.Fetch, methodNames(e.Methods))
	}
	var retryable []string
	for _, c := range m.Classes {
		for _, f := range c.Methods {
			if f.Retryable {
				name, _ := json.Marshal(f.Name)
				retryable = append(retryable, fmt.Sprintf("%s.prototype[%s]", c.Name, name))
			}
		}
		fmt.Fprintf(&b, "export class %s extends rt.objectClass(%q, { fetch: %v, alarm: %v, webSocketMessage: %v, webSocketClose: %v, webSocketError: %v, methods: %s }) {}\n",
			c.Name, c.Name, c.Fetch, c.Alarm, c.WebSocketMessage, c.WebSocketClose, c.WebSocketError, methodNames(c.Methods))
	}
	if len(retryable) > 0 {
		fmt.Fprintf(&b, "import { retryable } from \"cloudflare:durable-objects\";\nretryable(%s);\n", strings.Join(retryable, ", "))
	}
	return b.String()
}

// methodNames is an array in JavaScript.
func methodNames(methods []Method) []byte {
	names := make([]string, len(methods))
	for i, f := range methods {
		names[i] = f.Name
	}
	list, _ := json.Marshal(names)
	return list
}

// bundle makes worker.mjs: the entry with the shim in it. Names stay readable, for stack traces are read by people.
func bundle(m *Manifest) ([]byte, error) {
	res := api.Build(api.BuildOptions{
		Stdin:         &api.StdinOptions{Contents: entry(m), Sourcefile: "entry.mjs", Loader: api.LoaderJS},
		Bundle:        true,
		Format:        api.FormatESModule,
		Target:        api.ES2022,
		Platform:      api.PlatformNeutral,
		External:      []string{"cloudflare:*", "./" + ModuleFile},
		LegalComments: api.LegalCommentsNone,
		Charset:       api.CharsetUTF8,
		Banner:        map[string]string{"js": "// Made by lattice build. Do not edit."},
		Plugins:       []api.Plugin{shimFiles},
	})
	if len(res.Errors) > 0 {
		text := api.FormatMessages(res.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New("bundle the shim: " + strings.TrimSpace(strings.Join(text, "")))
	}
	return res.OutputFiles[0].Contents, nil
}

// shimFiles serves the embedded shim under "shim/", and its imports of one another.
var shimFiles = api.Plugin{Name: "shim", Setup: func(b api.PluginBuild) {
	b.OnResolve(api.OnResolveOptions{Filter: `^shim/`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
		return api.OnResolveResult{Path: a.Path, Namespace: "shim"}, nil
	})
	b.OnResolve(api.OnResolveOptions{Filter: `^\.`, Namespace: "shim"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
		return api.OnResolveResult{Path: path.Join(path.Dir(a.Importer), a.Path), Namespace: "shim"}, nil
	})
	b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "shim"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		text, err := shim.ReadFile(a.Path)
		if err != nil {
			return api.OnLoadResult{}, err
		}
		contents := string(text)
		return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS}, nil
	})
}}
