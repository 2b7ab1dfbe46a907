package d1

import (
	"bytes"
	"encoding/json"
	"math"
)

// MarshalJSON implements json.Marshaler: {"success": true, "meta": {…}, "results": [{…}]}, with the columns of a row in their order. Bytes are arrays of
// numbers, as D1 answers them, and what is no number in JSON is null.
func (r Result) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteString(`{"success":true,"meta":`)
	if err := e.Encode(r.Meta); err != nil {
		return nil, err
	}
	b.WriteString(`,"results":[`)
	for n, row := range r.Rows {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('{')
		for i, v := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := e.Encode(r.Columns[i]); err != nil {
				return nil, err
			}
			b.WriteByte(':')
			if err := e.Encode(plain(v)); err != nil {
				return nil, err
			}
		}
		b.WriteByte('}')
	}
	b.WriteString("]}")
	return b.Bytes(), nil
}

// plain is a value of a row that encoding/json writes as JavaScript does.
func plain(v any) any {
	switch v := v.(type) {
	case []byte:
		numbers := make([]int, len(v))
		for i, n := range v {
			numbers[i] = int(n)
		}
		return numbers
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	}
	return v
}
