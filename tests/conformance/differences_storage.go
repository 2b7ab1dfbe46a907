package main

import "maps"

const (
	drained = "a RETURNING cursor that is not read breaks the object in JavaScript when the turn ends; in Go it is drained"
	early   = "on workerd a RETURNING before another statement of one text breaks the object; the local host runs it"
	beyond  = "Go refuses an integer that the runtime would round, in both directions"
	printf  = "workerd compiles SQLite with a smaller SQLITE_PRINTF_PRECISION_LIMIT"
)

func init() {
	maps.Copy(differences, map[string]difference{
		"sql/returning that is not read":         {why: drained},
		"sql/returning before another statement": {why: early, local: true},
		"sql/integer beyond 2^53 bound":          {why: beyond},
		"sql/integer beyond 2^53 read":           {why: beyond},
		"sql surface/limit: printf":              {why: printf, local: true},
	})
}
