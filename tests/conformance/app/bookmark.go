package main

import (
	"regexp"
	"time"
)

var bookmarkForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$`)

func init() {
	table(objectCases, map[string]objectCase{
		"bookmark/current": func(ctx ctxt, s *self) (any, error) {
			first, err := s.st.GetCurrentBookmark(ctx)
			if err != nil {
				return nil, err
			}
			if err := s.st.Put(ctx, "k", 1); err != nil {
				return nil, err
			}
			second, err := s.st.GetCurrentBookmark(ctx)
			return []bool{bookmarkForm.MatchString(first), bookmarkForm.MatchString(second), first < second}, err
		},
		"bookmark/for a time": func(ctx ctxt, s *self) (any, error) {
			at, err := s.st.GetBookmarkForTime(ctx, time.Now().Add(-time.Second))
			return attempt(bookmarkForm.MatchString(at), err), nil
		},
		"bookmark/restore": func(ctx ctxt, s *self) (any, error) {
			now, err := s.st.GetCurrentBookmark(ctx)
			if err != nil {
				return nil, err
			}
			undo, err := s.st.OnNextSessionRestoreBookmark(ctx, now)
			return attempt(bookmarkForm.MatchString(undo), err), nil
		},
	})
}
