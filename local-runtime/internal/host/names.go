package host

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
)

// names remembers under which names objects were reached, for those who look at them. An id cannot be turned back into its name, and storage keeps the name
// of an object with an alarm alone, so a host that is told to keeps the others in a file beside the objects of their class, which is read when somebody asks.
type names struct {
	host *Host
	keep bool // in files

	mu   sync.Mutex
	byID map[key]string
	none map[key]bool    // objects whose storage was asked, and has no name either
	read map[string]bool // classes whose file was read
}

// maxNames bounds them in a server that runs for long.
const maxNames = 100_000

// namesFile is in the folder of a class.
const namesFile = "names.jsonl"

// namedObject is a line of a namesFile.
type namedObject struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (n *names) path(class string) string {
	return filepath.Join(filepath.Dir(n.host.path(key{class, "x"})), namesFile)
}

func (n *names) note(k key, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.keep && !isFacet(k) {
		n.load(k.class)
		if _, known := n.byID[k]; !known {
			n.write(k, name)
		}
	}
	if len(n.byID) < maxNames {
		n.byID[k] = name
	}
}

func (n *names) of(k key) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.load(k.class)
	name, ok := n.byID[k]
	return name, ok
}

// nameless reports whether storage was asked for the name already, and had none.
func (n *names) nameless(k key) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.none[k]
}

func (n *names) notNamed(k key) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.none) < maxNames {
		n.none[k] = true
	}
}

// load reads the file of a class; n.mu is held. What cannot be read is as good as not there.
func (n *names) load(class string) {
	if n.read[class] {
		return
	}
	n.read[class] = true
	f, err := os.Open(n.path(class))
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan() && len(n.byID) < maxNames; {
		var one namedObject
		if json.Unmarshal(lines.Bytes(), &one) == nil {
			n.byID[key{class, one.ID}] = one.Name
		}
	}
}

// write adds a line to the file of a class; n.mu is held. A name that is lost is only not shown.
func (n *names) write(k key, name string) {
	line, err := json.Marshal(namedObject{k.id, name})
	if err == nil {
		err = os.MkdirAll(filepath.Dir(n.path(k.class)), 0o755)
	}
	if err != nil {
		return
	}
	if f, err := os.OpenFile(n.path(k.class), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err == nil {
		_, _ = f.Write(append(line, '\n'))
		_ = f.Close()
	}
}
