package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"grove.place/lattice/internal/inspector"
	"grove.place/lattice/workers/d1"
)

// jsonResult is a result as wrangler prints it.
type jsonResult struct {
	Results []jsonRow `json:"results"`
	Success bool      `json:"success"`
	Meta    struct {
		Duration float64 `json:"duration"`
	} `json:"meta"`
}

// jsonRow is a row with its columns in their order.
type jsonRow struct {
	columns []string
	values  []any
}

// MarshalJSON implements json.Marshaler. A BLOB is an array of numbers, as D1 answers it.
func (r jsonRow) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i, v := range r.values {
		b.WriteByte("{,"[min(i, 1)])
		if blob, ok := v.([]byte); ok {
			numbers := make([]int, len(blob))
			for n := range blob {
				numbers[n] = int(blob[n])
			}
			v = numbers
		}
		if err := e.Encode(r.columns[i]); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(v); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func jsonResults(results []d1.Result) []jsonResult {
	list := []jsonResult{}
	for _, r := range results {
		one := jsonResult{Results: []jsonRow{}, Success: true}
		one.Meta.Duration = r.Meta.Duration
		for _, row := range r.Rows {
			one.Results = append(one.Results, jsonRow{r.Columns, row})
		}
		list = append(list, one)
	}
	return list
}

// printTable draws rows.
func printTable(out io.Writer, columns []string, rows [][]any) {
	if len(rows) == 0 {
		return
	}
	lines := [][]string{columns}
	width := make([]int, len(columns))
	for _, row := range rows {
		line := make([]string, len(row))
		for i, v := range row {
			line[i] = cell(v)
		}
		lines = append(lines, line)
	}
	for _, line := range lines {
		for i, text := range line {
			width[i] = max(width[i], utf8.RuneCountInString(text))
		}
	}
	rule := func(left, middle, right string) {
		parts := make([]string, len(width))
		for i, w := range width {
			parts[i] = strings.Repeat("─", w+2)
		}
		fmt.Fprintln(out, left+strings.Join(parts, middle)+right)
	}
	rule("┌", "┬", "┐")
	for n, line := range lines {
		if n > 0 {
			rule("├", "┼", "┤")
		}
		for i, text := range line {
			fmt.Fprint(out, "│ ", text, strings.Repeat(" ", width[i]-utf8.RuneCountInString(text)), " ")
		}
		fmt.Fprintln(out, "│")
	}
	rule("└", "┴", "┘")
}

// cell is a value in a table.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case []byte:
		return "x'" + hex.EncodeToString(v) + "'"
	case []any: // a BLOB, as D1 answers it
		blob := make([]byte, len(v))
		for i, n := range v {
			if _, err := fmt.Sscan(fmt.Sprint(n), &blob[i]); err != nil {
				return fmt.Sprint(v)
			}
		}
		return cell(blob)
	case string:
		return inspector.Visible(strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", `\t`).Replace(v))
	}
	return fmt.Sprint(v)
}
