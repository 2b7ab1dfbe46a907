package session_test

import (
	"fmt"
	"strings"
	"testing"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/session"
)

func TestAnExportNamesSessionsAndNoSecrets(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	created := a.create("laptop")
	call(a, session.RecordLoginAttempt, false)
	e := call(a, session.ExportUser, "u1")
	if len(e.Sessions) != 1 || e.Sessions[0].DeviceID != "laptop" || e.Sessions[0].IPAddress != "198.51.100.7" || e.Attempts != 1 {
		t.Errorf("%+v", e)
	}
	if text := fmt.Sprintf("%+v", e); strings.Contains(text, created.SessionID) || strings.Contains(text, created.AccessToken) {
		t.Errorf("the export lets people in: %s", text)
	}
	for _, method := range []string{"export", "erase"} {
		if err := session.Of("u1").Call(host.Context(), method, nil, "u2"); err == nil || !strings.Contains(err.Error(), "nothing of that user") {
			t.Errorf("%s of somebody else: %v", method, err)
		}
	}
}

func TestErasingEndsEverySessionAndLeavesNothing(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	ids := []string{a.create("laptop").SessionID, a.create("phone").SessionID}
	call(a, session.RecordLoginAttempt, false)
	for range 2 { // it may be repeated
		call(a, session.EraseUser, "u1")
		rows, err := host.Storage("SessionDO", "session:u1").Query(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\_cf%' ESCAPE '\'`)
		if err != nil || len(rows) != 0 {
			t.Errorf("left: %v, %v", rows, err)
		}
	}
	if _, set, err := host.Storage("SessionDO", "session:u1").Alarm(); err != nil || set {
		t.Errorf("an alarm is left: %v, %v", set, err)
	}
	for _, id := range ids {
		if a.valid(id) {
			t.Error("a session is alive")
		}
	}
}

func TestErasingSaysWhenASocketCannotBeClosed(t *testing.T) {
	host := startHost(t) // it has no object but SessionDO: the socket's object cannot be reached
	a := as{t, host, "u1"}
	id := a.create("laptop").SessionID
	if !call(a, session.RegisterSocket, session.Socket{Session: session.PublicID(id), Class: "TenantDO", Object: "tenant:x"}) {
		t.Fatal("the session is not alive")
	}
	if _, err := session.EraseUser.Call(host.Context(), session.Of("u1"), "u1"); err == nil || !strings.Contains(err.Error(), "not closed yet") {
		t.Errorf("%v", err)
	}
	if a.valid(id) || len(call(a, session.ListSessions, durables.None{})) > 0 {
		t.Error("the session is alive")
	}
}
