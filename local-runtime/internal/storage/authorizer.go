package storage

import (
	"errors"
	"strconv"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// guard decides what the SQL of an object may do, as workerd does (util/sqlite.c++, isAuthorized).
type guard struct {
	restricted bool
	pinned     bool    // a PRAGMA has been set, which a new connection would not have
	alters     bool    // an ALTER TABLE has been seen since the flag was cleared
	effects    effects // of the statement being compiled
}

// restrict switches between the object's SQL and the host's own.
func (g *guard) restrict(on bool) { g.restricted = on }

// transactionAdvice is what workerd answers to BEGIN, COMMIT, SAVEPOINT and their like.
const transactionAdvice = "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs " +
	"instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back " +
	"on exceptions, and because it interacts correctly with Durable Objects' automatic atomic write coalescing."

func (g *guard) decide(a sqlite.Action) error {
	if !g.restricted {
		return nil
	}
	allowed := false
	switch {
	case a.Op == sqlite.OpTransaction || a.Op == sqlite.OpSavepoint:
		return abi.Errorf(transactionAdvice)
	case a.Op == sqlite.OpAlterTable:
		g.alters = true // checked again when it has run: the new name is not told here
		allowed = a.Arg1 == "main" && free(a.Arg2)
	case a.HasDB && a.Database == "temp":
		allowed = allowedInTemp(a)
	case a.HasDB && a.Database != "main":
	default:
		allowed = g.allowed(a)
	}
	if !allowed {
		return sqlite.ErrDenied
	}
	g.effects.note(a)
	return nil
}

// allowedInTemp admits what ALTER TABLE does behind the scenes: it reads and updates the schema of temporary tables,
// of which there are none.
func allowedInTemp(a sqlite.Action) bool {
	switch a.Op {
	case sqlite.OpRead, sqlite.OpUpdate:
		return a.Arg1 == "sqlite_temp_master" || a.Arg1 == "sqlite_temp_schema" || a.Arg1 == "sqlite_master"
	case sqlite.OpFunction:
		return allowedFunctions[strings.ToLower(a.Arg2)]
	}
	return false
}

func (g *guard) allowed(a sqlite.Action) bool {
	switch a.Op {
	case sqlite.OpSelect, sqlite.OpRecursive, sqlite.OpAnalyze:
		return true
	case sqlite.OpRead, sqlite.OpInsert, sqlite.OpUpdate, sqlite.OpDelete, sqlite.OpCreateTable, sqlite.OpDropTable,
		sqlite.OpCreateView, sqlite.OpDropView, sqlite.OpReindex:
		return free(a.Arg1)
	case sqlite.OpCreateIndex, sqlite.OpDropIndex, sqlite.OpCreateTrigger, sqlite.OpDropTrigger:
		return free(a.Arg1) && free(a.Arg2)
	case sqlite.OpCreateVTable, sqlite.OpDropVTable:
		return free(a.Arg1) && allowedModules[strings.ToLower(a.Arg2)]
	case sqlite.OpFunction:
		return allowedFunctions[strings.ToLower(a.Arg2)]
	case sqlite.OpPragma:
		return g.allowedPragma(a)
	}
	return false
}

// free reports whether a name is not reserved.
func free(name string) bool { return len(name) < 4 || !strings.EqualFold(name[:4], "_cf_") }

func (g *guard) allowedPragma(a sqlite.Action) bool {
	switch pragmas[strings.ToLower(a.Arg1)] {
	case pragmaNoArg:
		return !a.HasArg2
	case pragmaAny:
		return true
	case pragmaBool:
		g.pinned = g.pinned || a.HasArg2
		return !a.HasArg2 || booleans[strings.ToLower(a.Arg2)] || strings.HasPrefix(a.Arg2, "0") || strings.HasPrefix(a.Arg2, "1")
	case pragmaName:
		return a.HasArg2 && free(a.Arg2)
	case pragmaOptionalName:
		return !a.HasArg2 || free(a.Arg2)
	case pragmaNumber:
		return !a.HasArg2 || isNumber(a.Arg2)
	}
	return false
}

func isNumber(s string) bool {
	_, err := strconv.ParseInt(s, 0, 64)
	return err == nil
}

// explain gives a refused function that workerd's SQLite does not have the message that it gets there.
func explain(err error) error {
	const refusal = "not authorized to use function: "
	var e *sqlite.Error
	if !errors.As(err, &e) || !strings.HasPrefix(e.Message, refusal) {
		return err
	}
	name := strings.ToLower(strings.TrimPrefix(e.Message, refusal))
	if name == "soundex" || name == "sqlite_offset" || strings.HasPrefix(name, "geopoly_") {
		return &sqlite.Error{Code: e.Code, Offset: e.Offset, Message: "no such function: " + name}
	}
	return err
}

// How a pragma may be used.
const (
	pragmaDenied = iota
	pragmaNoArg
	pragmaBool
	pragmaName
	pragmaOptionalName
	pragmaNumber
	pragmaAny
)

var pragmas = map[string]int{
	"data_version": pragmaNoArg, "page_size": pragmaNoArg, "table_list": pragmaAny,

	"case_sensitive_like": pragmaBool, "foreign_keys": pragmaBool, "defer_foreign_keys": pragmaBool,
	"ignore_check_constraints": pragmaBool, "legacy_alter_table": pragmaBool, "recursive_triggers": pragmaBool,
	"reverse_unordered_selects": pragmaBool,

	"foreign_key_check": pragmaOptionalName, "quick_check": pragmaOptionalName,

	"foreign_key_list": pragmaName, "index_info": pragmaName, "index_list": pragmaName, "index_xinfo": pragmaName,
	"table_info": pragmaName, "table_xinfo": pragmaName,

	"optimize": pragmaNumber,
}

var booleans = set("true false on off yes no") // or any text that begins with 0 or 1

var allowedModules = set("fts5 fts5vocab rtree rtree_i32")

var allowedFunctions = set(
	// core
	"abs changes char coalesce concat concat_ws format glob hex ifnull iif instr last_insert_rowid length like likelihood",
	"likely load_extension lower ltrim max_scalar min_scalar nullif octet_length printf quote random randomblob replace round",
	"rtrim sign substr substring total_changes trim typeof unhex unicode unlikely upper zeroblob",
	// dates
	"date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp",
	// aggregates and windows
	"avg count group_concat max min string_agg sum total row_number rank dense_rank percent_rank cume_dist ntile lag lead",
	"first_value last_value nth_value",
	// mathematics
	"acos acosh asin asinh atan atan2 atanh ceil cos cosh degrees exp floor ln log log2 mod pi pow radians sin sinh sqrt tan",
	"tanh trunc",
	// JSON
	"json jsonb json_array jsonb_array json_array_length json_extract jsonb_extract -> ->> json_insert jsonb_insert json_object",
	"jsonb_object json_patch jsonb_patch json_remove jsonb_remove json_replace jsonb_replace json_set jsonb_set json_type",
	"json_valid json_quote json_group_array jsonb_group_array json_group_object jsonb_group_object json_each json_tree",
	// full text, R-trees, ALTER TABLE
	"match highlight bm25 snippet rtreecheck sqlite_rename_column sqlite_rename_table sqlite_rename_test sqlite_drop_column",
	"sqlite_rename_quotefix",
)

func set(words ...string) map[string]bool {
	m := map[string]bool{}
	for _, line := range words {
		for _, w := range strings.Fields(line) {
			m[w] = true
		}
	}
	return m
}
