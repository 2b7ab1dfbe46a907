package build

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"grove.place/lattice/internal/wrangler"
)

// OldestDate is the first compatibility date with every behaviour that the SDK and the local host count on. The youngest of
// them is enhanced_error_serialization: errors keep their own properties when they cross between objects.
const OldestDate = "2026-04-21"

// refused are compatibility flags that take away what the shim stands on.
var refused = map[string]string{
	"no_handle_cross_request_promise_resolution": "requests could not wake each other up, and would hang",
	"disable_weak_ref":                           "evicted objects could not be forgotten",
	"no_rpc":                                     "objects could not be called",
	"delete_all_preserves_alarm":                 "deleteAll would not do what it does on the local host",
	"legacy_error_serialization":                 "errors would lose their properties on the way to a caller",
}

// CheckError says how wrangler.toml does not fit the module.
type CheckError struct {
	Path     string
	Problems []Problem
}

// Problem is one thing to mend. Lines are to be added to the file, if there are any.
type Problem struct {
	Text  string
	Line  int // where in the file, or 0
	Lines string
}

func (e *CheckError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s does not fit the program:", e.Path)
	for _, p := range e.Problems {
		b.WriteString("\n\n")
		if p.Line > 0 {
			fmt.Fprintf(&b, "line %d: ", p.Line)
		}
		b.WriteString(p.Text)
		for line := range strings.Lines(p.Lines) {
			b.WriteString("\n    " + strings.TrimRight(line, "\n"))
		}
	}
	return b.String()
}

// checker collects what is wrong.
type checker struct {
	cfg      *wrangler.Config
	manifest *Manifest
	problems []Problem
	warnings []string
	extended bool // main is JavaScript of its own, which adds to what the build writes
}

// check compares a configuration with a module that is going to be written to out.
func check(cfg *wrangler.Config, m *Manifest, out string) (warnings []string, err error) {
	c := &checker{cfg: cfg, manifest: m}
	c.head(out)
	c.compatibility()
	c.bindings()
	c.services()
	c.migrations()
	c.handlers()
	c.warnings = append(c.warnings, fileWarnings(cfg)...)
	if len(c.problems) > 0 {
		return nil, &CheckError{Path: cfg.Path, Problems: c.problems}
	}
	return c.warnings, nil
}

// fileWarnings are what was odd in the file itself.
func fileWarnings(cfg *wrangler.Config) (warnings []string) {
	for _, w := range cfg.Warnings {
		warnings = append(warnings, w.At(cfg.Path))
	}
	return warnings
}

// missingAssets says that the folder of static files is not there, without which nothing can be deployed.
func missingAssets(cfg *wrangler.Config) []string {
	if cfg.Assets == nil || cfg.Assets.Directory == "" {
		return nil
	}
	if err := cfg.AssetsFolder(); err != nil {
		return []string{err.Error()}
	}
	return nil
}

// checkEnvironments checks the environments of the file that are not the one being built. What is wrong with one is a warning: it inherits no bindings, so
// that a class that was added at the top is easily forgotten there. Warnings that known has already are left out, and what is said of several is said once.
func checkEnvironments(cfg *wrangler.Config, m *Manifest, out string, known []string) (warnings []string) {
	var texts []string
	of := map[string][]string{} // environments by text
	for _, env := range cfg.Environments {
		other, err := wrangler.Load(cfg.Path, env)
		var list []string
		if err == nil {
			other.Main = cfg.Main
			list, err = check(other, m, out)
		}
		if err != nil {
			list = append(list, err.Error())
		}
		for _, text := range list {
			if slices.Contains(known, text) || slices.Contains(of[text], "env."+env) {
				continue
			}
			if of[text] == nil {
				texts = append(texts, text)
			}
			of[text] = append(of[text], "env."+env)
		}
	}
	for _, text := range texts {
		warnings = append(warnings, fmt.Sprintf("[%s]: %s", strings.Join(of[text], ", "), text))
	}
	return warnings
}

func (c *checker) add(line int, lines, format string, args ...any) {
	c.problems = append(c.problems, Problem{Text: fmt.Sprintf(format, args...), Line: line, Lines: lines})
}

func (c *checker) head(out string) {
	if c.cfg.Name == "" {
		c.add(0, c.cfg.Add("", false, "name", "my-worker"), "the Worker has no name. Add at the top:")
	}
	want := filepath.Join(out, WorkerFile)
	if c.cfg.Main == "" {
		c.add(0, c.mainLine(want), "main is missing. Add at the top:")
	} else if main := c.cfg.Abs(c.cfg.Main); imports(main, want) {
		c.extended = true
		c.warnings = append(c.warnings, fmt.Sprintf("%s: main is JavaScript of its own, %s: the local host runs the Go program alone", c.cfg.Path, c.cfg.Main))
	} else if !samePath(main, want) {
		c.add(c.cfg.Line("main"), c.mainLine(want), "main is %q, but the build writes %s, which main does not import. Import it there, or change the line to:", c.cfg.Main, want)
	}
}

// imports reports whether a file of JavaScript or TypeScript names the worker that the build writes.
func imports(file, worker string) bool {
	text, err := os.ReadFile(file)
	return err == nil && !samePath(file, worker) && bytes.Contains(text, []byte(filepath.Base(filepath.Dir(worker))+"/"+WorkerFile))
}

func (c *checker) mainLine(want string) string {
	if rel, err := relative(c.cfg.Dir(), want); err == nil {
		want = rel
	}
	return c.cfg.Add("", false, "main", filepath.ToSlash(want))
}

func (c *checker) compatibility() {
	date := c.cfg.CompatibilityDate
	line := c.cfg.Line("compatibility_date")
	add := c.cfg.Add("", false, "compatibility_date", "2026-10-01")
	switch {
	case date == "":
		c.add(0, add, "compatibility_date is missing. Add at the top:")
	case date < OldestDate:
		c.add(line, add, "compatibility_date %s is too old: Lattice needs %s or later. Change it to:", date, OldestDate)
	}
	for i, flag := range c.cfg.CompatibilityFlags {
		line := c.cfg.Line(fmt.Sprintf("compatibility_flags[%d]", i))
		if flag == "disable_ctx_exports" && c.manifest.usesExports() {
			c.add(line, "", "compatibility flag %q: the program uses ctx.exports, for a class's or an entrypoint's Exports, or for Facets. Take it out.", flag)
		}
		if why, bad := refused[flag]; bad {
			c.add(line, "", "compatibility flag %q: %s. Take it out.", flag, why)
		}
	}
}

func (c *checker) bindings() {
	for _, class := range c.manifest.Classes {
		c.classBindings(class)
	}
	for i, b := range c.cfg.Objects {
		if c.own(b) && c.manifest.class(b.Class) == nil && !c.extended {
			c.add(c.cfg.Line(fmt.Sprintf("durable_objects.bindings[%d].class_name", i)), "", "binding %s names class %q, which the program does not have (it has %s). Declare it with durables.Class(%q, …) in a package that the program imports, or take the binding out.",
				b.Name, b.Class, c.manifest.classNames(), b.Class)
		}
	}
}

// own reports whether a binding leads to a class of this Worker.
func (c *checker) own(b wrangler.ObjectBinding) bool { return b.Script == "" || b.Script == c.cfg.Name }

// borrowed reports whether the program has a class only to call the objects that another Worker has of it.
func (c *checker) borrowed(class string) bool {
	borrowed := false
	for _, b := range c.cfg.Objects {
		if b.Class == class && c.own(b) {
			return false
		}
		borrowed = borrowed || b.Class == class
	}
	return borrowed
}

// classBindings wants a binding for the class, under the name that the program uses. A further name that is not there is a
// warning only: the program may do without in some environments.
func (c *checker) classBindings(class Class) {
	bound := slices.ContainsFunc(c.cfg.Objects, func(b wrangler.ObjectBinding) bool { return b.Class == class.Name && c.own(b) })
	bound = bound || c.borrowed(class.Name)
	names := class.Bindings
	if !bound && len(names) == 0 && (class.Exports || class.Facets) {
		return
	}
	if !bound && len(names) == 0 {
		names = []string{bindingName(class.Name)}
	}
	for _, name := range names {
		if i := slices.IndexFunc(c.cfg.Objects, func(b wrangler.ObjectBinding) bool { return b.Name == name }); i >= 0 {
			if b := c.cfg.Objects[i]; c.own(b) && b.Class != class.Name && c.manifest.class(b.Class) != nil {
				c.add(c.cfg.Line(fmt.Sprintf("durable_objects.bindings[%d].name", i)), c.cfg.Add("", false, "class_name", class.Name),
					"binding %s names class %s, but the program looks for class %s under that name. Change it to:", name, b.Class, class.Name)
			}
			continue
		}
		lines := c.cfg.Add("durable_objects.bindings", true, "name", name, "class_name", class.Name)
		if bound {
			c.warnings = append(c.warnings, fmt.Sprintf("%s: the program looks for class %s under the name %s, which no binding has. Add:\n%s", c.cfg.Path, class.Name, name, lines))
			continue
		}
		c.add(0, lines, "class %s has no binding. Add:", class.Name)
	}
}

// facetOnly reports whether objects of the class live inside others only: they need no migration.
func (c *checker) facetOnly(class Class) bool {
	bound := slices.ContainsFunc(c.cfg.Objects, func(b wrangler.ObjectBinding) bool { return b.Class == class.Name })
	return class.Facets && !class.Exports && len(class.Bindings) == 0 && !bound
}

func (c *checker) migrations() {
	var fresh []string
	for _, class := range c.manifest.Classes {
		live, sqlite := c.cfg.LiveClass(class.Name)
		switch {
		case !live && (c.facetOnly(class) || c.borrowed(class.Name)):
		case !live:
			fresh = append(fresh, class.Name)
		case !sqlite && len(c.cfg.Exports) > 0:
			c.add(c.cfg.Line("exports."+class.Name), c.cfg.Add("", false, "storage", "sqlite"),
				"class %s has another storage than SQLite, which Lattice's objects store in. Before the first deployment write instead, and afterwards give the class a new name:", class.Name)
		case !sqlite:
			c.add(c.cfg.LineOf("migrations", class.Name), c.cfg.Add("", false, "new_sqlite_classes", []string{class.Name}),
				"class %s is created by new_classes, without SQLite, which Lattice's objects store in. Cloudflare cannot change the storage of a class that exists, so before the first deployment write instead, and afterwards give the class a new name:", class.Name)
		}
	}
	if len(c.cfg.Exports) > 0 {
		c.exports(fresh)
		return
	}
	tag := c.cfg.NextTag()
	gone := c.gone()
	if len(fresh) == 1 && len(gone) == 1 {
		c.add(c.cfg.LineOf("migrations", gone[0]), c.cfg.Add("migrations", true, "tag", tag, "renamed_classes", []wrangler.Inline{{"from", gone[0], "to", fresh[0]}}),
			"the migrations create class %s, which the program does not have, and not class %s, which it has. If that is its new name, the lines below keep what its objects have stored. "+
				"If it is another class, write new_sqlite_classes = [%q] in their place, and deleted_classes = [%q] to delete the old one with everything its objects store.", gone[0], fresh[0], fresh[0], gone[0])
		return
	}
	if len(fresh) > 0 {
		c.add(0, c.cfg.Add("migrations", true, "tag", tag, "new_sqlite_classes", fresh),
			"no migration creates %s. Add:", strings.Join(fresh, ", "))
	}
	for _, name := range gone {
		c.add(c.cfg.LineOf("migrations", name), c.cfg.Add("migrations", true, "tag", tag, "deleted_classes", []string{name}),
			"the migrations create class %s, which the program does not have. Bring it back; or, to delete it with everything its objects store, add:", name)
	}
}

// gone are the classes that the file has and the program has not.
func (c *checker) gone() (names []string) {
	for _, name := range c.cfg.LiveClasses() {
		if c.manifest.class(name) == nil && !c.extended {
			names = append(names, name)
		}
	}
	return names
}

// exports is migrations for a file that declares its classes under exports.
func (c *checker) exports(fresh []string) {
	for _, name := range fresh {
		c.add(0, c.cfg.Add("exports."+name, false, "type", "durable-object", "storage", "sqlite"), "exports lacks class %s. Add:", name)
	}
	gone := c.gone()
	if len(fresh) == 1 && len(gone) == 1 {
		c.add(c.cfg.Line("exports."+gone[0]), c.cfg.Add("exports."+gone[0], false, "type", "durable-object", "state", "renamed", "renamed_to", fresh[0]),
			"exports has class %s, which the program does not have. If %s is its new name, write instead, to keep what its objects have stored, which the state deleted would not:", gone[0], fresh[0])
		return
	}
	for _, name := range gone {
		c.add(c.cfg.Line("exports."+name), c.cfg.Add("exports."+name, false, "type", "durable-object", "state", "deleted"),
			"exports has class %s, which the program does not have. Bring it back; or, to delete it with everything its objects store, write instead:", name)
	}
}

func (c *checker) handlers() {
	if len(c.cfg.Crons) > 0 && !c.manifest.Scheduled {
		c.warnings = append(c.warnings, "triggers.crons is set, but the program has no Scheduled handler: give workers.Run one")
	}
	if len(c.cfg.Consumers) > 0 && !c.manifest.Queue {
		c.warnings = append(c.warnings, "queues.consumers is set, but the program has no Queue handler: give workers.Run one")
	}
	if len(c.cfg.Consumers) == 0 && c.manifest.Queue {
		c.warnings = append(c.warnings, "the program has a Queue handler, but no queue is consumed. Add to "+c.cfg.Path+":\n"+c.cfg.Add("queues.consumers", true, "queue", "my-queue"))
	}
}

func (m *Manifest) usesExports() bool {
	return slices.ContainsFunc(m.Classes, func(c Class) bool { return c.Exports || c.Facets }) ||
		slices.ContainsFunc(m.Entrypoints, func(e Entrypoint) bool { return e.Exports })
}

func (m *Manifest) classNames() string {
	if len(m.Classes) == 0 {
		return "none"
	}
	names := make([]string, len(m.Classes))
	for i, c := range m.Classes {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// bindingName proposes SESSION_STORE for SessionStoreDO.
func bindingName(class string) string {
	class = strings.TrimSuffix(strings.TrimSuffix(class, "DO"), "Object")
	var b strings.Builder
	for i, r := range class {
		if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(rune(class[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	if b.Len() == 0 {
		return "OBJECTS"
	}
	return b.String()
}

func samePath(a, b string) bool {
	rel, err := relative(a, b)
	return err == nil && rel == "."
}

// relative is filepath.Rel for paths that may be relative to the working directory or absolute.
func relative(base, target string) (string, error) {
	base, err := filepath.Abs(base)
	if err != nil {
		return "", err
	}
	if target, err = filepath.Abs(target); err != nil {
		return "", err
	}
	return filepath.Rel(base, target)
}
