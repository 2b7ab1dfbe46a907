package coverage

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// What the objects' sources say of their sockets, by folder: the pattern of a message's name, and what it is called on the page.
var messages = map[string]map[string]*regexp.Regexp{
	"post": {
		"server: ": regexp.MustCompile(`\bMessage\{Type: "(\w+)"|\bm\.Type[^"\n]* = "(\w+)"`),
		"close: ":  closeCode,
	},
	"notification": {"notifications: ": regexp.MustCompile(`LiveMessage\{"(\w+)"`), "close: ": closeCode},
	"tenant":       {"dashboard: ": regexp.MustCompile(`liveMessage\(ctx, "(\w+)"`), "close: ": closeCode},
}

var (
	closeCode    = regexp.MustCompile(`(?m)^\s*[cC]lose\w+\s*= (\d{4})`)
	costs        = regexp.MustCompile(`costs = map\[string\]float64\{(.*)\}`) // of what a client may send
	key          = regexp.MustCompile(`"(\w+)":`)
	autoResponse = regexp.MustCompile(`SetWebSocketAutoResponse\(ctx, "ping", "pong"\)`)
)

func addMessages(s set, folder, text string) {
	for prefix, pattern := range messages[folder] {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			s.add(Messages, prefix+strings.Join(m[1:], ""))
		}
	}
	if list := costs.FindStringSubmatch(text); list != nil {
		for _, m := range key.FindAllStringSubmatch(list[1], -1) {
			s.add(Messages, "client: "+m[1])
		}
	}
	if autoResponse.MatchString(text) {
		s.add(Messages, "ping and pong")
	}
}

// Rows of the tables in docs/grove/protocol.md.
var (
	documentedMessage = regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")
	documentedCode    = regexp.MustCompile(`(?m)^\| (\d{4}) \|`)
)

// compareWithDocuments compares the messages that the code knows with what the documents tell those who write clients, both ways.
func compareWithDocuments(root string, items map[string]bool) (wrong []string, err error) {
	text := map[string]string{}
	for _, name := range []string{"protocol.md", "meadow.md"} {
		file, err := os.ReadFile(filepath.Join(root, "docs", "grove", name))
		if err != nil {
			return nil, err
		}
		text[name] = string(file)
	}
	_, protocol, _ := strings.Cut(text["protocol.md"], "## The socket")
	told := map[string]bool{}
	for _, m := range documentedMessage.FindAllStringSubmatch(protocol, -1) {
		told[m[1]] = true
		if !items["server: "+m[1]] && !items["client: "+m[1]] {
			wrong = append(wrong, fmt.Sprintf("docs/grove/protocol.md describes the message %q, which is not in the code", m[1]))
		}
	}
	for _, m := range documentedCode.FindAllStringSubmatch(protocol, -1) {
		told[m[1]] = true
	}
	for item := range items {
		kind, name, _ := strings.Cut(item, ": ")
		where, documented := "protocol.md", told[name]
		switch kind {
		case "dashboard":
			documented = strings.Contains(protocol, `"type":"`+name+`"`)
		case "notifications":
			where, documented = "meadow.md", strings.Contains(text["meadow.md"], `"type":"`+name+`"`)
		case "ping and pong":
			documented = strings.Contains(protocol, "`pong`")
		}
		if !documented {
			wrong = append(wrong, fmt.Sprintf("docs/grove/%s does not describe %q", where, item))
		}
	}
	return wrong, nil
}
