package coverage

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// classes are the folders of Grove's classes below durables, with their names.
var classes = map[string]string{"session": "SessionDO", "tenant": "TenantDO", "post": "PostDO", "feed": "FeedDO", "notification": "NotificationDO", "analytics": "AnalyticsDO"}

var (
	method      = regexp.MustCompile(`durables\.Method\(Class, "([^"]+)"`)
	fetch       = regexp.MustCompile(`(?m)^func \(\w+ \*\w+\) ServeHTTP\(`)
	task        = regexp.MustCompile(`(?m)^\s*task[A-Z]\w*\s*=\s*"([^"]+)"|tasks\.Handle\("([^"]+)"`)
	createTable = regexp.MustCompile(`CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)
	renameTable = regexp.MustCompile(`ALTER TABLE (\w+) RENAME TO \w+`)
	route       = regexp.MustCompile(`"((?:GET|POST|PUT|PATCH|DELETE) /[^"]*)"`)
	test        = regexp.MustCompile(`(?m)^func (Test\w+|Fuzz\w+)\(`)
)

// set is a set of items by section.
type set map[string]map[string]bool

func (s set) add(section, item string) {
	if s[section] == nil {
		s[section] = map[string]bool{}
	}
	s[section][item] = true
}

// inCode is everything that the code has and that needs a row.
func inCode(root string) (set, error) {
	s := set{}
	for folder, class := range classes {
		err := sources(filepath.Join(root, "durables", folder), ".go", func(_, text string) {
			for _, m := range method.FindAllStringSubmatch(text, -1) {
				s.add(Methods, class+"."+m[1])
			}
			if fetch.MatchString(text) {
				s.add(Methods, class+".fetch")
			}
			for _, m := range task.FindAllStringSubmatch(text, -1) {
				s.add(Tasks, class+": "+m[1]+m[2])
			}
			for _, m := range createTable.FindAllStringSubmatch(text, -1) {
				s.add(ObjectTables, class+"."+m[1])
			}
			if strings.Contains(text, "outbox.Table") {
				s.add(ObjectTables, class+".outbox")
			}
			addMessages(s, folder, text)
		})
		if err != nil {
			return nil, err
		}
	}
	err := sources(filepath.Join(root, "migrations"), ".sql", func(_, text string) {
		for _, m := range createTable.FindAllStringSubmatch(text, -1) {
			s.add(Tables, m[1])
		}
		for _, m := range renameTable.FindAllStringSubmatch(text, -1) {
			delete(s[Tables], m[1])
		}
	})
	if err != nil {
		return nil, err
	}
	for _, folder := range []string{"workers/grove", "workers/heartwood", "workers/meadow"} {
		err := sources(filepath.Join(root, folder), ".go", func(_, text string) {
			for _, m := range route.FindAllStringSubmatch(text, -1) {
				s.add(sectionOf(m[1]), m[1])
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// sectionOf tells pages from endpoints: what is fetched by people from what is asked by programs.
func sectionOf(pattern string) string {
	method, address, _ := strings.Cut(pattern, " ")
	if method == "GET" && !strings.HasPrefix(address, "/api/") && !strings.HasPrefix(address, "/auth/session") {
		return Pages
	}
	return Endpoints
}

// sources calls visit with each file below folder that ends so and is no part of a test.
func sources(folder, ending string, visit func(name, text string)) error {
	return filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "testdata" {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ending) || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		visit(name, string(text))
		return err
	})
}

// testFunctions returns the tests of the module, as "durables/tenant.TestRoles".
func testFunctions(root string) (map[string]bool, error) {
	found := map[string]bool{}
	for _, folder := range []string{"durables", "workers", "tests", "local-runtime", "internal", "build", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == "node_modules":
				return fs.SkipDir
			case !strings.HasSuffix(name, "_test.go"):
				return nil
			}
			text, err := os.ReadFile(name)
			relative, _ := filepath.Rel(root, name)
			for _, m := range test.FindAllStringSubmatch(string(text), -1) {
				found[path.Dir(filepath.ToSlash(relative))+"."+m[1]] = true
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
