package main

import (
	"os"
	"testing"
)

func TestTheListOfLicencesIsUpToDate(t *testing.T) {
	want, err := document("../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/licenses.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/licenses.md is out of date: run go run ./tests/licenses. It should read\n%s", want)
	}
}

func TestLicencesAreToldApart(t *testing.T) {
	const bsd = "Redistribution and use in source and binary\nforms, with or without modification"
	for text, want := range map[string]string{
		bsd: "BSD-2-Clause",
		bsd + " Neither the name may be used to endorse or promote products": "BSD-3-Clause",
		"Apache License\n   Version 2.0, January 2004":                       "Apache-2.0",
		"You may not use this": "",
	} {
		if got := kindOf(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
