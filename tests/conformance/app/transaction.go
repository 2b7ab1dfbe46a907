package main

import (
	"errors"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// inTransaction is Transaction for functions that do not need the Txn.
func (s *self) inTransaction(ctx ctxt, f func(ctx ctxt) error) error {
	return s.st.Transaction(ctx, func(ctx ctxt, _ *durables.Txn) error { return f(ctx) })
}

// put returns a function that stores 1 under key and then fails with err.
func (s *self) put(key string, value any, err error) func(ctx ctxt) error {
	return func(ctx ctxt) error { return errors.Join(s.st.Put(ctx, key, value), err) }
}

func (s *self) putSync(key string, value any, err error) func(ctx ctxt) error {
	return func(ctx ctxt) error {
		if failed := s.kv.Put(ctx, key, value); failed != nil {
			return failed
		}
		return err
	}
}

func (s *self) exec(query string, err error) func(ctx ctxt) error {
	return func(ctx ctxt) error {
		if _, failed := s.sql.Exec(ctx, query); failed != nil {
			return failed
		}
		return err
	}
}

func (s *self) column(ctx ctxt) (any, error) {
	values, err := durables.All[int](ctx, s.sql, "SELECT a FROM t")
	list := []any{}
	for _, v := range values {
		list = append(list, object{"a": v})
	}
	return list, err
}

func init() {
	table(objectCases, map[string]objectCase{
		"transaction/commit": func(ctx ctxt, s *self) (any, error) {
			result := ""
			err := s.inTransaction(ctx, func(ctx ctxt) error {
				result = "done"
				return errors.Join(s.st.Put(ctx, "a", 1), s.st.Put(ctx, "b", 2))
			})
			return []any{result, s.list(ctx)}, err
		},
		"transaction/error rolls back": func(ctx ctxt, s *self) (any, error) {
			s.st.Put(ctx, "a", "before")
			failed := s.inTransaction(ctx, func(ctx ctxt) error {
				s.st.Put(ctx, "a", "inside")
				s.st.Put(ctx, "b", 1)
				return workers.NewError("RangeError", "no")
			})
			return []any{try(failed), s.list(ctx)}, nil
		},
		"transaction/rollback": func(ctx ctxt, s *self) (any, error) {
			after := ""
			err := s.st.Transaction(ctx, func(ctx ctxt, txn *durables.Txn) error {
				s.st.Put(ctx, "a", 1)
				if err := txn.Rollback(ctx); err != nil {
					return err
				}
				after = "went on"
				return nil
			})
			return []any{after, s.list(ctx)}, err
		},
		"transaction/use after rollback": func(ctx ctxt, s *self) (any, error) {
			failed := s.st.Transaction(ctx, func(ctx ctxt, txn *durables.Txn) error {
				return errors.Join(s.st.Put(ctx, "a", 1), txn.Rollback(ctx), s.st.Put(ctx, "b", 2))
			})
			return []any{try(failed), s.list(ctx)}, nil
		},
		"transaction/rollback twice": func(ctx ctxt, s *self) (any, error) {
			return "fine", s.st.Transaction(ctx, func(ctx ctxt, txn *durables.Txn) error {
				return errors.Join(txn.Rollback(ctx), txn.Rollback(ctx))
			})
		},
		"transaction/operations": transactionOperations,
		"transaction/with SQL": func(ctx ctxt, s *self) (any, error) {
			if err := s.exec("CREATE TABLE t(a)", nil)(ctx); err != nil {
				return nil, err
			}
			s.inTransaction(ctx, s.exec("INSERT INTO t VALUES (1)", errNo))
			if err := s.inTransaction(ctx, s.exec("INSERT INTO t VALUES (2)", nil)); err != nil {
				return nil, err
			}
			return s.column(ctx)
		},
		"transaction/storage used directly": func(ctx ctxt, s *self) (any, error) {
			s.inTransaction(ctx, s.put("a", 1, errNo))
			return s.list(ctx), nil
		},
		"transaction/nested": func(ctx ctxt, s *self) (any, error) {
			err := s.inTransaction(ctx, func(ctx ctxt) error {
				s.st.Put(ctx, "outer", 1)
				err := s.inTransaction(ctx, s.put("kept", 2, nil))
				s.inTransaction(ctx, s.put("lost", 3, errNo))
				return err
			})
			return s.list(ctx), err
		},
		"transaction/inner rollback keeps outer": func(ctx ctxt, s *self) (any, error) {
			err := s.inTransaction(ctx, func(ctx ctxt) error {
				err := s.st.Put(ctx, "outer", 1)
				return errors.Join(err, s.st.Transaction(ctx, func(ctx ctxt, txn *durables.Txn) error {
					return errors.Join(s.st.Put(ctx, "inner", 2), txn.Rollback(ctx))
				}))
			})
			return s.list(ctx), err
		},
		"transaction/outer error undoes inner": func(ctx ctxt, s *self) (any, error) {
			s.inTransaction(ctx, func(ctx ctxt) error {
				s.inTransaction(ctx, s.put("inner", 1, nil))
				return errNo
			})
			return s.list(ctx), nil
		},
		"transaction/delete all": func(ctx ctxt, s *self) (any, error) {
			return try(s.inTransaction(ctx, func(ctx ctxt) error { return s.st.DeleteAll(ctx) })), nil
		},
		"transaction/alarm": func(ctx ctxt, s *self) (any, error) {
			t := far(1)
			s.inTransaction(ctx, func(ctx ctxt) error { return errors.Join(s.st.SetAlarm(ctx, t), errNo) })
			undone, err := s.alarmAt(ctx)
			if err != nil {
				return nil, err
			}
			if err := s.inTransaction(ctx, func(ctx ctxt) error { return s.st.SetAlarm(ctx, t) }); err != nil {
				return nil, err
			}
			at, err := s.alarmAt(ctx)
			return []any{undone, at == t.UnixMilli()}, err
		},
		"transactionSync/commit": func(ctx ctxt, s *self) (any, error) {
			err := s.st.TransactionSync(ctx, func(ctx ctxt) error {
				return errors.Join(s.kv.Put(ctx, "a", 1), s.kv.Put(ctx, "b", 2))
			})
			return s.list(ctx), err
		},
		"transactionSync/error rolls back": func(ctx ctxt, s *self) (any, error) {
			s.kv.Put(ctx, "a", "before")
			failed := s.st.TransactionSync(ctx, s.putSync("a", "inside", durables.TypeError("no")))
			return []any{try(failed), s.list(ctx)}, nil
		},
		"transactionSync/nested": func(ctx ctxt, s *self) (any, error) {
			err := s.st.TransactionSync(ctx, func(ctx ctxt) error {
				s.kv.Put(ctx, "outer", 1)
				err := s.st.TransactionSync(ctx, s.putSync("kept", 2, nil))
				s.st.TransactionSync(ctx, s.putSync("lost", 3, errNo))
				return err
			})
			return s.list(ctx), err
		},
		"transactionSync/with SQL": transactionSyncSQL,
		"transactionSync/inside transaction": func(ctx ctxt, s *self) (any, error) {
			err := s.inTransaction(ctx, func(ctx ctxt) error {
				err := s.st.TransactionSync(ctx, s.putSync("kept", 1, nil))
				s.st.TransactionSync(ctx, s.putSync("lost", 1, errNo))
				return err
			})
			return s.list(ctx), err
		},
	})
}

func transactionOperations(ctx ctxt, s *self) (any, error) {
	var result []any
	err := s.inTransaction(ctx, func(ctx ctxt) error {
		if err := s.st.PutMany(ctx, object{"a": 1, "b": 2, "c": 3}); err != nil {
			return err
		}
		deleted, err := s.st.Delete(ctx, "a")
		if err != nil {
			return err
		}
		list := attempt(s.st.List(ctx, durables.ListOptions{Reverse: true}))
		result = []any{deleted, list, s.get(ctx, "b"), attempt(s.st.GetMany(ctx, []string{"a", "c"}))}
		return nil
	})
	return result, err
}

func transactionSyncSQL(ctx ctxt, s *self) (any, error) {
	if err := s.exec("CREATE TABLE t(a UNIQUE)", nil)(ctx); err != nil {
		return nil, err
	}
	failed := s.st.TransactionSync(ctx, func(ctx ctxt) error {
		if err := s.exec("INSERT INTO t VALUES (1)", nil)(ctx); err != nil {
			return err
		}
		return s.exec("INSERT INTO t VALUES (1)", nil)(ctx)
	})
	rows, err := s.column(ctx)
	if err != nil {
		return nil, err
	}
	err = s.st.TransactionSync(ctx, func(ctx ctxt) error {
		err := s.exec("INSERT INTO t VALUES (2)", nil)(ctx)
		s.exec("INSERT INTO t VALUES (2)", nil)(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	after, err := s.column(ctx)
	return []any{try(failed), rows, after}, err
}
