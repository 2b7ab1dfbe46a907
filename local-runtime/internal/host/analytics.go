package host

import (
	"fmt"
	"path/filepath"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Limits of a data point (workerd api/analytics-engine-impl.h).
const (
	maxIndexes   = 1
	maxIndexSize = 96
	maxBlobsSize = 800 * storage.DataPointColumns
)

// openDatasets opens every dataset that is bound. Bindings of one name share a dataset.
func (h *Host) openDatasets() error {
	for binding, name := range h.cfg.Analytics {
		if !safeName.MatchString(name) {
			return fmt.Errorf("Analytics Engine binding %s: %q is not a name for a dataset: use letters, digits, _ and -", binding, name)
		}
		if h.datasets[name] != nil {
			continue
		}
		d, err := opened(&h.stores, h.stores.datasets, name, func() (*storage.Dataset, error) {
			return storage.OpenDataset(filepath.Join(h.dir, "analytics", name+".sqlite"), name)
		})
		if err != nil {
			return fmt.Errorf("dataset %s: %w", name, err)
		}
		h.datasets[name] = d
	}
	return nil
}

// DataPoints returns what was written to a dataset.
func (h *Host) DataPoints(dataset string) ([]storage.DataPoint, error) {
	d := h.datasets[dataset]
	if d == nil {
		return nil, abi.Errorf("no binding has the dataset %q", dataset)
	}
	if h.sched == nil {
		h.storing.wait()
	}
	return d.Points()
}

// dataPoint decodes and checks a DATA_POINT, and returns what stores it.
func (h *Host) dataPoint(r *abi.Reader) (write func(), err error) {
	binding := r.Str()
	fields, _ := r.Value().(abi.Object)
	if err := r.End(); err != nil {
		return nil, err
	}
	d := h.datasets[h.cfg.Analytics[binding]]
	if d == nil {
		return nil, abi.TypeErrorf("there is no Analytics Engine binding %q: add it to [[analytics_engine_datasets]] in wrangler.toml", binding)
	}
	p := storage.DataPoint{Time: h.cfg.Clock.Now()}
	indexes, blobs, doubles := listOf(fields, "indexes"), listOf(fields, "blobs"), listOf(fields, "doubles")
	switch {
	case len(indexes) > maxIndexes:
		return nil, abi.TypeErrorf("writeDataPoint(): Maximum of %d indexes supported.", maxIndexes)
	case len(blobs) > storage.DataPointColumns:
		return nil, abi.TypeErrorf("writeDataPoint(): Maximum of %d blobs supported.", storage.DataPointColumns)
	case len(doubles) > storage.DataPointColumns:
		return nil, abi.TypeErrorf("writeDataPoint(): Maximum of %d doubles supported.", storage.DataPointColumns)
	}
	if len(indexes) > 0 {
		if p.Index = blobText(indexes[0]); len(p.Index) > maxIndexSize {
			return nil, abi.TypeErrorf("writeDataPoint(): Size of indexes[0] exceeds %d bytes).", maxIndexSize)
		}
	}
	size := 0
	for _, v := range blobs {
		p.Blobs = append(p.Blobs, blobText(v))
		if size += len(blobText(v)); size > maxBlobsSize {
			return nil, abi.TypeErrorf("writeDataPoint(): Cumulative size of blobs exceeds %d bytes).", maxBlobsSize)
		}
	}
	for _, v := range doubles {
		p.Doubles = append(p.Doubles, numberOf(v))
	}
	return func() {
		h.store(func() {
			if err := d.Write(p); err != nil {
				h.cfg.Logger.Error("a data point was lost", "binding", binding, "error", err)
			}
		})
	}, nil
}

func listOf(o abi.Object, name string) abi.Array {
	list, _ := o.Get(name).(abi.Array)
	return list
}

func blobText(v abi.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case abi.ArrayBuffer:
		return string(v)
	}
	return ""
}

func numberOf(v abi.Value) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}

func opDataPoint(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	write, err := s.host.dataPoint(r)
	if err != nil {
		return failure(err), 0
	}
	s.outputs.Add(f.object, write, nil)
	return isolate.Success(nil), 0
}
