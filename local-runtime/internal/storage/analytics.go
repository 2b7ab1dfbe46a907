package storage

import (
	"fmt"
	"strings"
	"time"
)

// Dataset is a dataset of Analytics Engine in one file, whose table has the name of the dataset and the columns that Cloudflare's SQL API has. It may be used
// by several goroutines.
type Dataset struct {
	x      *index
	table  string
	insert string
}

// DataPoint is a row of a Dataset.
type DataPoint struct {
	Time    time.Time // in seconds
	Index   string
	Blobs   []string
	Doubles []float64
}

// DataPointColumns is how many blobs and doubles a point may have.
const DataPointColumns = 20

// OpenDataset opens the dataset of that name in the file at path.
func OpenDataset(path, name string) (*Dataset, error) {
	table := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	columns := []string{"timestamp TEXT NOT NULL", "dataset TEXT NOT NULL", "_sample_interval INTEGER NOT NULL", "index1 TEXT NOT NULL"}
	for i := range DataPointColumns {
		columns = append(columns, fmt.Sprintf("blob%d TEXT NOT NULL", i+1))
	}
	for i := range DataPointColumns {
		columns = append(columns, fmt.Sprintf("double%d REAL NOT NULL", i+1))
	}
	x, err := openIndex(path, "CREATE TABLE IF NOT EXISTS "+table+" ("+strings.Join(columns, ", ")+")")
	if err != nil {
		return nil, err
	}
	return &Dataset{x, name, "INSERT INTO " + table + " VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"}, nil
}

// Close closes the file.
func (d *Dataset) Close() error { return d.x.close() }

// Write adds a point.
func (d *Dataset) Write(p DataPoint) error {
	args := []any{p.Time.UTC().Format(time.DateTime), d.table, 1, p.Index}
	for i := range DataPointColumns {
		blob := ""
		if i < len(p.Blobs) {
			blob = p.Blobs[i]
		}
		args = append(args, blob)
	}
	for i := range DataPointColumns {
		double := 0.0
		if i < len(p.Doubles) {
			double = p.Doubles[i]
		}
		args = append(args, double)
	}
	return d.x.do(func(s *statements) error { return s.each(d.insert, nil, args...) })
}

// Points returns all points, in the order in which they were written.
func (d *Dataset) Points() (points []DataPoint, err error) {
	err = d.x.do(func(s *statements) error {
		return s.each(`SELECT * FROM "`+strings.ReplaceAll(d.table, `"`, `""`)+`" ORDER BY rowid`, func(r *stmt) error {
			at, err := time.Parse(time.DateTime, r.Text(0))
			p := DataPoint{Time: at, Index: strings.Clone(r.Text(3)), Blobs: make([]string, DataPointColumns), Doubles: make([]float64, DataPointColumns)}
			for i := range DataPointColumns {
				p.Blobs[i], p.Doubles[i] = strings.Clone(r.Text(4+i)), r.Float64(4+DataPointColumns+i)
			}
			points = append(points, p)
			return err
		})
	})
	return points, err
}
