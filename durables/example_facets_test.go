package durables_test

import (
	"context"
	"fmt"
	"time"

	"grove.place/lattice/durables"
)

// Move is one move on a Board.
type Move struct{ From, To string }

// Limits are the props of a MoveLog.
type Limits struct {
	Max int `json:"max"`
}

// MoveLog is the class of a facet: it keeps the moves of one board, in storage of its own.
type MoveLog struct {
	limits Limits
	sql    *durables.SQL
}

// Board is an object without a binding, whose moves are in a facet.
type Board struct{ state *durables.State }

var (
	moveLogClass = durables.Class("MoveLog", newMoveLog)
	appendMove   = durables.Method(moveLogClass, "append", (*MoveLog).append)
	moveLogs     = moveLogClass.Facets()

	boardClass = durables.Class("Board", func(_ context.Context, state *durables.State) (*Board, error) { return &Board{state}, nil })
	makeMove   = durables.Method(boardClass, "move", (*Board).move)
	countMoves = durables.Method(boardClass, "moves", (*Board).moves, durables.Retryable)
	restart    = durables.Method(boardClass, "restart", (*Board).restart)
	boards     = boardClass.Exports()
)

func newMoveLog(ctx context.Context, state *durables.State) (*MoveLog, error) {
	log := &MoveLog{sql: state.Storage().SQL()}
	if err := state.Props(&log.limits); err != nil {
		return nil, err
	}
	_, err := log.sql.Exec(ctx, "CREATE TABLE IF NOT EXISTS moves (at TEXT, dest TEXT)")
	return log, err
}

func (l *MoveLog) append(ctx context.Context, m Move) (int, error) {
	n, err := durables.One[int](ctx, l.sql, "SELECT count(*) FROM moves")
	if err != nil || n >= l.limits.Max {
		return n, err
	}
	_, err = l.sql.Exec(ctx, "INSERT INTO moves VALUES (?, ?)", m.From, m.To)
	return n + 1, err
}

func (b *Board) move(ctx context.Context, m Move) (int, error) {
	return appendMove.Call(ctx, moveLogs.Get("moves", durables.FacetProps(Limits{Max: 500})), m)
}

func (b *Board) moves(ctx context.Context, _ durables.None) (int, error) {
	return appendMove.Call(ctx, moveLogs.Get("moves", durables.FacetProps(Limits{})), Move{})
}

func (b *Board) restart(ctx context.Context, _ durables.None) (durables.None, error) {
	return durables.None{}, b.state.Facets().Delete(ctx, "moves")
}

// A class in ctx.exports whose objects keep part of what they store in a facet.
func ExampleClassOf_Facets() {
	play := func(ctx context.Context) error {
		board := boards.GetByName("chess", durables.LocationHint("weur"), durables.Retry(3, 10*time.Second))
		if _, err := makeMove.Call(ctx, board, Move{"e2", "e4"}); err != nil {
			return err
		}
		n, err := countMoves.Call(ctx, board, durables.None{})
		fmt.Println(n, "moves")
		if err == nil && n > 100 {
			_, err = restart.Call(ctx, board, durables.None{})
		}
		return err
	}
	_ = play // needs the context of a handler, or of a test host
}
