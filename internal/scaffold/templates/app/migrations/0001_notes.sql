CREATE TABLE notes (
  id INTEGER PRIMARY KEY,
  author TEXT NOT NULL,
  text TEXT NOT NULL,
  written INTEGER NOT NULL -- milliseconds since 1970
);
CREATE INDEX notes_by_time ON notes (written);
