package compatibility

import (
	"os"
	"path/filepath"
	"strings"

	"grove.place/lattice/tests/documents"
)

// limits writes where the limits are, and lists the cases that docs/limits.md names and that are not there. Tests and constants are for
// tests/documents to look up.
func (s source) limits(b *strings.Builder) (open []string, err error) {
	b.WriteString("\n## Limits\n\n[limits.md](limits.md) has them, with the case, the test or the constant that shows each.\n")
	text, err := os.ReadFile(filepath.Join(s.Root, "docs", "limits.md"))
	if err != nil {
		return nil, err
	}
	for _, shown := range documents.Shown(documents.Read("docs/limits.md", string(text))) {
		if name := shown[0]; documents.IsCase(name) {
			if _, found := s.find(name); !found {
				open = append(open, "docs/limits.md: "+name)
			}
		}
	}
	return open, nil
}
