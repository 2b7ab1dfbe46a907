package wrangler

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestDotenvIsReadAsTheNpmPackageReadsIt(t *testing.T) {
	for _, k := range []struct {
		name, text string
		want       map[string]string
		notes      []string
	}{
		{"comments and export", "# secrets\nA=1\r\nexport B = two words # comment\nE=\nC: colon\n", map[string]string{"A": "1", "B": "two words", "E": "", "C": "colon"}, nil},
		{"a # needs no space before it", "G=a=b#c\nH='a#b'#c\n", map[string]string{"G": "a=b", "H": "a#b"}, nil},
		{"only ends of lines are escapes", `C="x\n\"y\"\t" # kept`, map[string]string{"C": "x\n" + `\"y\"\t`}, nil},
		{"no escapes in other quotes", "D='raw \\n'\nE=`a \"b\" 'c' \\n`\n", map[string]string{"D": `raw \n`, "E": `a "b" 'c' \n`}, nil},
		{"values of several lines", "F=\"two\nlines\"\nG='a\nb' # c\nH=3\n", map[string]string{"F": "two\nlines", "G": "a\nb", "H": "3"}, nil},
		{"text after the quotes", "I=\"a\" b\nJ='a' 'b'\n", map[string]string{"I": `"a" b`, "J": `a' 'b`}, nil},
		{"the last one counts", "K=1\nK=2\n", map[string]string{"K": "2"}, nil},
		{"lines that are none", "A=1\nnonsense\n9 B=2\n", map[string]string{"A": "1"}, []string{"2: is skipped: it is not NAME=value", "3: is skipped: it is not NAME=value"}},
		{"a quote that is not closed", "A=\"x\ny\"\nB=\"oh\n", map[string]string{"A": "x\ny", "B": `"oh`}, []string{"3: B: the quote \" is never closed, and belongs to the value"}},
	} {
		t.Run(k.name, func(t *testing.T) {
			vars, notes := parseDotenv(k.text)
			got := map[string]string{}
			for _, v := range vars {
				got[v.name] = v.value
			}
			if !reflect.DeepEqual(got, k.want) || !reflect.DeepEqual(notes, k.notes) {
				t.Errorf("got %q, notes %q", got, notes)
			}
		})
	}
}

// secretsIn writes files and loads the secrets of a configuration beside them.
func secretsIn(t *testing.T, c Config, env string, files map[string]string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.Path = filepath.Join(dir, "wrangler.toml")
	s, err := c.LoadSecrets(env)
	if err != nil {
		t.Fatal(err)
	}
	return s.Values
}

func TestSecretsComeFromTheFirstFilesThatThereAre(t *testing.T) {
	all := map[string]string{".dev.vars": "A=top", ".dev.vars.staging": "A=staging", ".env": "A=dotenv"}
	dotenv := map[string]string{".env": "A=1\nB=1\nC=1\nD=1", ".env.local": "B=2", ".env.staging": "C=3", ".env.staging.local": "D=4"}
	for _, k := range []struct {
		name, env string
		files     map[string]string
		want      string
	}{
		{"no file", "", nil, ""},
		{".dev.vars", "", all, "A=top"},
		{".dev.vars of the environment", "staging", all, "A=staging"},
		{".dev.vars for an environment without one", "prod", all, "A=top"},
		{".env files", "", dotenv, "A=1 B=2 C=1 D=1"},
		{".env files of an environment", "staging", dotenv, "A=1 B=2 C=3 D=4"},
		{"references", "", map[string]string{".env": "A=x\nB=${A}y$A\nC=\\$A\nD=${NONE:-z}\nE=${A:+set}\nF=$LATER\nLATER=1"}, `A=x B=xyx C=$A D=z E=set F= LATER=1`},
		{"no references in .dev.vars", "", map[string]string{".dev.vars": "A=x\nB=$A"}, "A=x B=$A"},
	} {
		t.Run(k.name, func(t *testing.T) {
			got := secretsIn(t, Config{}, k.env, k.files)
			want := map[string]string{}
			for pair := range strings.FieldsSeq(k.want) {
				name, value, _ := strings.Cut(pair, "=")
				want[name] = value
			}
			if !maps.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestATableOfSecretsLimitsWhatCounts(t *testing.T) {
	t.Setenv("LATTICE_TEST_SECRET", "from the process")
	c := Config{OnlySecrets: true, Secrets: []string{"A", "LATTICE_TEST_SECRET"}, Vars: map[string]Var{"V": {Text: "v"}}}
	want := map[string]string{"A": "1", "V": "2", "LATTICE_TEST_SECRET": "from the process"}
	if got := secretsIn(t, c, "", map[string]string{".env": "A=1\nV=2\nOTHER=3"}); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := secretsIn(t, c, "", map[string]string{".dev.vars": "A=1\nOTHER=3"}); !maps.Equal(got, map[string]string{"A": "1"}) {
		t.Errorf("from .dev.vars: %q", got)
	}
}

func TestSwitchesForDotenv(t *testing.T) {
	files := map[string]string{".env": "A=1"}
	t.Setenv("CLOUDFLARE_INCLUDE_PROCESS_ENV", "true")
	t.Setenv("LATTICE_TEST_SECRET", "x")
	if got := secretsIn(t, Config{}, "", files); got["A"] != "1" || got["LATTICE_TEST_SECRET"] != "x" {
		t.Errorf("with the process's environment: %q", got)
	}
	t.Setenv("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV", "False")
	if got := secretsIn(t, Config{}, "", files); len(got) > 0 {
		t.Errorf("switched off: %q", got)
	}
	t.Setenv("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV", "0")
	c := Config{Path: filepath.Join(t.TempDir(), "wrangler.toml")}
	if _, err := c.LoadSecrets(""); err == nil || !strings.Contains(err.Error(), `must be true or false, not "0"`) {
		t.Errorf("a switch that is neither: %v", err)
	}
}
