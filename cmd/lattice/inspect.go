package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"grove.place/lattice/internal/devserver"
	"grove.place/lattice/internal/inspector"
	local "grove.place/lattice/local-runtime"
)

// inspectorPort is where the inspector is, unless that is taken: two servers may run.
const inspectorPort = 9230

// inspection is the inspector of a server, or nothing.
type inspection struct {
	*inspector.Inspector
}

// inspect opens the inspector of a server.
func (f *fleet) inspect(s *devserver.Server, port int, given bool) (*inspection, error) {
	i, err := inspector.New(inspector.Options{
		Port: port, Other: !given, Clock: f.clock, Record: f.record, URL: s.URL(), Log: f.log,
		Workers: func() []inspector.Worker { return f.inspected(s) },
	})
	if err != nil {
		return nil, err
	}
	return &inspection{i}, nil
}

// inspected are the Workers as the inspector sees them.
func (f *fleet) inspected(s *devserver.Server) (list []inspector.Worker) {
	for n, p := range s.Programs() {
		name := f.names[n]
		if name == "" {
			name = "worker" // as the host calls it
		}
		list = append(list, inspector.Worker{Name: name, Down: p.Down, Stale: p.Stale, Crons: p.Crons, Enter: func(ctx context.Context) (*local.Host, func(), error) {
			h, leave, err := p.Enter(ctx)
			if err != nil {
				return nil, nil, err
			}
			host, ok := h.(*local.Host)
			if !ok {
				leave()
				return nil, nil, errors.New("the inspector knows local hosts only")
			}
			return host, leave, nil
		}})
	}
	return list
}

// serve serves the inspector until ctx ends; the control file is there meanwhile.
func (n *inspection) serve(ctx context.Context, f *fleet) (wait func() error, err error) {
	if n == nil {
		return func() error { return nil }, nil
	}
	remove, err := n.WriteControl(f.state)
	if err != nil {
		return nil, fmt.Errorf("write the inspector's control file: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- n.Serve(ctx) }()
	return func() error {
		remove()
		return <-ended
	}, nil
}

// changed tells open pages that a Worker begins or ceases to run.
func (n *inspection) changed() {
	if n != nil {
		n.Changed()
	}
}

// describe says where the inspector is.
func (n *inspection) describe(host string) string {
	if n == nil {
		return ""
	}
	note := ""
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		note = ", on this machine only"
	}
	return fmt.Sprintf("inspector on %s%s\n", n.URL(), note)
}
