package host

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"grove.place/lattice/local-runtime/internal/storage"
)

// StoreInfo describes a binding to what a Worker stores outside of its objects.
type StoreInfo struct {
	Kind    string // d1, kv or r2
	Binding string
	Name    string // id of the database or namespace, name of the bucket
	Remote  bool   // it is not kept here
}

// Stores lists the D1 databases, KV namespaces and R2 buckets that the Worker binds, by kind and binding.
func (h *Host) Stores() (list []StoreInfo) {
	for binding, d := range h.cfg.Databases {
		list = append(list, StoreInfo{"d1", binding, cmp.Or(d.ID, binding), h.cfg.RemoteD1[binding] != nil})
	}
	for binding, name := range h.cfg.KV {
		list = append(list, StoreInfo{"kv", binding, name, h.cfg.RemoteKV[binding] != nil})
	}
	for binding, name := range h.cfg.Buckets {
		list = append(list, StoreInfo{"r2", binding, name, h.cfg.RemoteR2[binding] != nil})
	}
	slices.SortFunc(list, func(a, b StoreInfo) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Binding, b.Binding))
	})
	return list
}

// fileD1 is the D1 database of a binding, which is kept here.
func (h *Host) fileD1(binding string) (*storage.D1, error) {
	if h.closed.Load() {
		return nil, errClosed
	}
	switch d := h.databases[binding].(type) {
	case *storage.D1:
		return d, nil
	case nil:
		return nil, notThere("D1 binding", binding, slices.Sorted(maps.Keys(h.cfg.Databases)))
	}
	return nil, fmt.Errorf("the D1 database %s is not kept here", binding)
}

// SnapshotDatabase returns a copy of what a D1 database has committed. The caller closes it.
func (h *Host) SnapshotDatabase(binding string) (*storage.DB, error) {
	d, err := h.fileD1(binding)
	if err != nil {
		return nil, err
	}
	return d.Snapshot()
}

// ExecuteDatabase runs SQL in a D1 database and commits it.
func (h *Host) ExecuteDatabase(binding, query string) (w Written, err error) {
	d, err := h.fileD1(binding)
	if err != nil {
		return w, err
	}
	columns, page, err := d.Execute(maxExecuteTime, query, maxExecuteRows)
	return Written{columns, page.Rows, page.RowsRead, page.RowsWritten}, err
}
