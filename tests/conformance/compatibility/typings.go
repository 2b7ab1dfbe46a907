package compatibility

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// typings are the members that Cloudflare's typings declare, by declaration.
type typings struct {
	stable, all map[string][]string
}

func loadTypings(dir string) (t typings, err error) {
	if t.stable, err = readTypings(filepath.Join(dir, "index.d.ts")); err != nil {
		return t, err
	}
	t.all, err = readTypings(filepath.Join(dir, "experimental", "index.d.ts"))
	return t, err
}

// experimental reports whether only the experimental typings have the member.
func (t typings) experimental(declaration, name string) bool {
	return slices.Contains(t.all[declaration], name) && !slices.Contains(t.stable[declaration], name)
}

func readTypings(path string) (map[string][]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseTypings(string(text)), nil
}

var (
	comments    = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	declaration = regexp.MustCompile(`(?:interface|class|type|var|const|module) "?([A-Za-z][\w:-]*)"?`)
	memberName  = regexp.MustCompile(`^(?:export )?(?:protected |readonly |get |set |static |abstract )*(?:(?:const|function) )?(new \(|\[?[\w.]+\]?)[?]?\s*[(<:;]`)
)

// parseTypings finds the members of every declaration: what stands one brace deep in it. The file is formatted, one
// member to a line or more.
func parseTypings(text string) map[string][]string {
	found := map[string][]string{}
	var name string // of the declaration
	depth, base := 0, 0
	for line := range strings.Lines(comments.ReplaceAllString(text, "")) {
		trimmed := strings.TrimSpace(line)
		if m := declaration.FindStringSubmatch(trimmed); m != nil && (depth == 0 || depth == 1 && strings.HasPrefix(line, "  export ")) && !strings.HasSuffix(trimmed, ";") {
			name, base = m[1], depth
			if static, ok := strings.CutSuffix(name, ":"); ok {
				name = static + " (static)"
			}
		}
		if m := memberName.FindStringSubmatch(trimmed); m != nil && depth == base+1 && name != "" && !strings.Contains(m[1], "_BRAND") {
			member := strings.TrimSuffix(m[1], " (")
			if !slices.Contains(found[name], member) {
				found[name] = append(found[name], member)
			}
		}
		depth += braces(line)
	}
	return found
}

// braces counts what a line opens. Parentheses count too: a parameter on a line of its own is no member.
func braces(line string) (n int) {
	for _, r := range line {
		switch r {
		case '{', '(':
			n++
		case '}', ')':
			n--
		}
	}
	return n
}

// ours are the declarations that are about Durable Objects, handlers and bindings that have a package: each needs a section, or a reason in elsewhere.
var ours = regexp.MustCompile(`^(ExportedHandler$|ScheduledController$|ExecutionContext$|Fetcher$|KVNamespace$|R2(Bucket|Object|ObjectBody|MultipartUpload)$|D1(Database|DatabaseSession|PreparedStatement)$|Queue$|MessageBatch$|Message$|Cache(Storage)?$|RateLimit$|AnalyticsEngineDataset$|WorkerVersionMetadata$|Socket$|DurableObject|SqlStorage|SyncKv|WebSocket|AlarmInvocation|Container|Facet|RpcTarget$|StubBase$|cloudflare:durable-objects$|LoopbackDurableObject)`)

// elsewhere are declarations that need no section, with the reason.
var elsewhere = map[string]string{
	"KVNamespace.Map":                "the type of a result, which is read as a member",
	"WebSocketEventMap":              "the events of addEventListener: in Go, what Receive returns",
	"DurableObjectBranded":           "a mark for the type checker",
	"RpcTarget":                      "has no members of its own",
	"DurableObjectClass":             "has no members",
	"SqlStorageStatement":            "has no members without experimental flags",
	"LoopbackDurableObjectNamespace": "a DurableObjectNamespace",
}

// missing reports what the typings declare and the sections do not have.
func (s source) missing(sections []section) (errs []error) {
	covered := map[string]section{}
	for _, sec := range sections {
		covered[sec.declaration] = sec
	}
	for name, members := range s.typings.all {
		if !ours.MatchString(name) || elsewhere[name] != "" {
			continue
		}
		sec, ok := covered[name]
		if !ok {
			if !strings.HasPrefix(name, "Container") { // containers are absent altogether
				errs = append(errs, fmt.Errorf("the typings declare %s, which has no section (%v)", name, members))
			}
			continue
		}
		for _, m := range members {
			if elsewhere[name+"."+m] == "" && !slices.ContainsFunc(sec.members, func(own member) bool { return own.name == m }) {
				errs = append(errs, fmt.Errorf("the typings declare %s.%s, which its section does not have", name, m))
			}
		}
	}
	return errs
}

// unknown reports members of sections that the typings do not have.
func (s source) unknown(sections []section) (errs []error) {
	for _, sec := range sections {
		if sec.declaration == "" {
			continue
		}
		for _, m := range sec.members {
			if !slices.Contains(s.typings.all[sec.declaration], m.name) {
				errs = append(errs, fmt.Errorf("%s has %s, which the typings do not declare", sec.title, m.name))
			}
		}
	}
	return errs
}
