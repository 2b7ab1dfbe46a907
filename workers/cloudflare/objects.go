package cloudflare

import (
	"errors"
	"net/http"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/internal/guest"
)

// DurableObjectNamespace reaches the objects of a class, which may be written in Go (package durables). It may be kept in a package-level variable.
type DurableObjectNamespace struct{ binding string }

// NewDurableObjectNamespace returns the namespace of that binding. It is an error when there is no such binding.
func NewDurableObjectNamespace(varName string) (*DurableObjectNamespace, error) {
	if err := ambient.Bound(varName); err != nil {
		return nil, err
	}
	return &DurableObjectNamespace{varName}, nil
}

// DurableObjectId identifies an object.
type DurableObjectId struct{ name string }

// IdFromName returns the id of the object of that name.
func (ns *DurableObjectNamespace) IdFromName(name string) *DurableObjectId {
	return &DurableObjectId{name}
}

// Get returns a stub of an object. The object comes to be with its first request.
func (ns *DurableObjectNamespace) Get(id *DurableObjectId) (*DurableObjectStub, error) {
	if id == nil {
		return nil, errors.New("invalid UniqueGlobalId")
	}
	return &DurableObjectStub{abi.Stub{Binding: ns.binding, Named: true, Ref: id.name, Serial: guest.NewStubSerial()}}, nil
}

// DurableObjectStub sends requests to an object.
type DurableObjectStub struct{ stub abi.Stub }

// Fetch sends a request; its URL must be absolute.
func (s *DurableObjectStub) Fetch(req *http.Request) (*http.Response, error) {
	ctx, err := ambient.Within(req.Context())
	if err != nil {
		return nil, err
	}
	res, err := guest.Fetch(ctx, abi.Target{Kind: abi.TargetObject, Stub: s.stub}, req, guest.RedirectFollow)
	return res, ambient.Rejected(err)
}
