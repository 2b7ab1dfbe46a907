package build

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"grove.place/lattice/internal/wrangler"
)

// declarations is lattice.d.ts: what TypeScript Workers that call the objects need to know. It builds on
// @cloudflare/workers-types, as every TypeScript Worker does.
func declarations(m *Manifest, cfg *wrangler.Config) string {
	var b strings.Builder
	b.WriteString("// Made by lattice build. Do not edit.\n")
	b.WriteString("/// <reference types=\"@cloudflare/workers-types\" />\n")
	var imports []string
	if len(m.Classes) > 0 {
		imports = append(imports, "DurableObject")
	}
	if len(m.Entrypoints) > 0 {
		imports = append(imports, "WorkerEntrypoint")
	}
	if len(imports) > 0 {
		fmt.Fprintf(&b, "import { %s } from \"cloudflare:workers\";\n", strings.Join(imports, ", "))
	}
	b.WriteString("\n")
	if types := strings.TrimSpace(m.Types); types != "" {
		b.WriteString(types + "\n\n")
	}
	for _, c := range m.Classes {
		writeClass(&b, c)
	}
	for _, e := range m.Entrypoints {
		writeEntrypoint(&b, m, e)
	}
	writeEnv(&b, m, cfg)
	if m.entrypoint(defaultEntrypoint) == nil {
		b.WriteString("\ndeclare const worker: ExportedHandler<Env>;\nexport default worker;\n")
	}
	return b.String()
}

func writeEntrypoint(b *strings.Builder, m *Manifest, e Entrypoint) {
	declared, fetch := "export declare class "+e.Name, e.Fetch
	if e.Name == defaultEntrypoint {
		declared, fetch = "export default class DefaultEntrypoint", m.Fetch
	}
	fmt.Fprintf(b, "%s extends WorkerEntrypoint<Env> {\n", declared)
	if fetch {
		b.WriteString("  fetch(request: Request): Promise<Response>;\n")
	}
	writeMethods(b, e.Methods)
	b.WriteString("}\n\n")
}

func writeMethods(b *strings.Builder, methods []Method) {
	for _, f := range methods {
		fmt.Fprintf(b, "  %s%s;\n", property(f.Name), f.Signature)
	}
}

func writeClass(b *strings.Builder, c Class) {
	fmt.Fprintf(b, "export declare class %s extends DurableObject<Env> {\n", c.Name)
	if c.Fetch {
		b.WriteString("  fetch(request: Request): Promise<Response>;\n")
	}
	if c.Alarm {
		b.WriteString("  alarm(info?: AlarmInvocationInfo): Promise<void>;\n")
	}
	if c.WebSocketMessage {
		b.WriteString("  webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): Promise<void>;\n")
	}
	if c.WebSocketClose {
		b.WriteString("  webSocketClose(ws: WebSocket, code: number, reason: string, wasClean: boolean): Promise<void>;\n")
	}
	if c.WebSocketError {
		b.WriteString("  webSocketError(ws: WebSocket, error: unknown): Promise<void>;\n")
	}
	writeMethods(b, c.Methods)
	b.WriteString("}\n\n")
}

func writeEnv(b *strings.Builder, m *Manifest, cfg *wrangler.Config) {
	b.WriteString("export interface Env {\n")
	if cfg != nil {
		for _, o := range cfg.Objects {
			if o.Script == "" && m.class(o.Class) != nil {
				fmt.Fprintf(b, "  %s: DurableObjectNamespace<%s>;\n", property(o.Name), o.Class)
			} else {
				fmt.Fprintf(b, "  %s: DurableObjectNamespace;\n", property(o.Name))
			}
		}
		for _, d := range cfg.Databases {
			fmt.Fprintf(b, "  %s: D1Database;\n", property(d.Binding))
		}
		for _, r := range cfg.Buckets {
			fmt.Fprintf(b, "  %s: R2Bucket;\n", property(r.Binding))
		}
		for _, k := range cfg.KV {
			fmt.Fprintf(b, "  %s: KVNamespace;\n", property(k.Binding))
		}
		if a := cfg.Assets; a != nil && a.Binding != "" {
			fmt.Fprintf(b, "  %s: Fetcher;\n", property(a.Binding))
		}
		for _, q := range cfg.Producers {
			fmt.Fprintf(b, "  %s: Queue;\n", property(q.Binding))
		}
		for _, s := range cfg.Services {
			fmt.Fprintf(b, "  %s: %s;\n", property(s.Binding), serviceType(m, cfg, s))
		}
		for _, l := range cfg.RateLimits {
			fmt.Fprintf(b, "  %s: RateLimit;\n", property(l.Name))
		}
		for _, d := range cfg.Datasets {
			fmt.Fprintf(b, "  %s: AnalyticsEngineDataset;\n", property(d.Binding))
		}
		if cfg.VersionMetadata != "" {
			fmt.Fprintf(b, "  %s: WorkerVersionMetadata;\n", property(cfg.VersionMetadata))
		}
		for _, name := range slices.Sorted(maps.Keys(cfg.Vars)) {
			kind := "string"
			if json := cfg.Vars[name].JSON; json != "" {
				kind = json // a JSON value is also its own literal type
			}
			fmt.Fprintf(b, "  %s: %s;\n", property(name), kind)
		}
	}
	b.WriteString("}\n")
}

// serviceType is the type of a service binding: that of an entrypoint, where it is one of this Worker.
func serviceType(m *Manifest, cfg *wrangler.Config, s wrangler.Service) string {
	e := m.entrypoint(cmp.Or(s.Entrypoint, defaultEntrypoint))
	switch {
	case !toItself(cfg, s) || e == nil:
		return "Fetcher"
	case e.Name == defaultEntrypoint:
		return "Fetcher<DefaultEntrypoint>"
	}
	return "Fetcher<" + e.Name + ">"
}

// property writes a name where TypeScript expects one, quoted only if it must be.
func property(name string) string {
	if identifier.MatchString(name) {
		return name
	}
	return fmt.Sprintf("%q", name)
}
