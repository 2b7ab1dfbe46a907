package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"
)

// answer is what one host answered to a case, as text in which differences can be read.
type answer struct{ host, text string }

type verdict struct {
	different, documented bool
	why                   string
}

// judge compares the answers, of which the oracle's is the first. A documented difference must be one, and nothing beyond it.
func judge(c Case, answers []answer) verdict {
	oracle := answers[0].text
	var app []answer // of the Go app, where the documented difference would be
	for _, a := range answers[1:] {
		expected := a.text == oracle
		switch {
		case a.host == "turned": // the objects are JavaScript's, whatever differs in Go's
			if !expected && c.Differs.why == "" {
				return verdict{different: true, why: "a Go Worker does not see a JavaScript object as a JavaScript Worker does"}
			}
		case a.host == "mixed":
			if !expected && (c.Differs.why == "" || c.Differs.local || len(app) > 0 && a.text != app[0].text) {
				return verdict{different: true, why: "a JavaScript Worker does not see a Go object as one in JavaScript"}
			}
		case c.Differs.local && a.host != "local":
			if !expected {
				return verdict{different: true, why: "only the local host was expected to differ"}
			}
		default:
			app = append(app, a)
		}
	}
	for _, a := range app {
		if a.text != app[0].text {
			return verdict{different: true, why: app[0].host + " and " + a.host + " do not agree"}
		}
	}
	equal := len(app) == 0 || app[0].text == oracle
	switch {
	case len(app) > 0 && equal && c.Differs.why != "":
		return verdict{different: true, why: "a difference is documented but there is none: " + c.Differs.why}
	case equal:
		return verdict{}
	case c.Differs.why != "":
		return verdict{documented: true}
	default:
		return verdict{different: true, why: "Go does not do as JavaScript does"}
	}
}

// render turns a response into comparable text: status, the headers named, the body.
func render(resp *http.Response, headers []string, mask *regexp.Regexp) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", resp.StatusCode)
	for _, h := range headers {
		fmt.Fprintf(&b, "\n%s: %s", h, strings.Join(resp.Header.Values(h), " | "))
	}
	body, err := io.ReadAll(resp.Body)
	text := renderBody(body)
	if mask != nil {
		text = mask.ReplaceAllString(text, "<masked>")
	}
	b.WriteString("\n" + text)
	if err != nil {
		b.WriteString("\nthe body broke off")
	}
	return b.String()
}

// renderBody shows JSON in one form whatever the order of keys, and large bodies as a digest.
func renderBody(body []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) == nil && !decoder.More() {
		canonical, err := json.Marshal(number(v))
		if err == nil {
			body = canonical
		}
	}
	if len(body) > 20_000 || !utf8.Valid(body) {
		return fmt.Sprintf("%d bytes, SHA-256 %x", len(body), sha256.Sum256(body))
	}
	return string(body)
}

// number gives every number one spelling: 1e300 and its digits are the same answer.
func number(v any) any {
	switch v := v.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v
	case []any:
		for i := range v {
			v[i] = number(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = number(v[k])
		}
	}
	return v
}
