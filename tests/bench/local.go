package main

import "errors"

func serve(project string) error { return errors.New("not here yet") }
