-- Work that takes longer than a request: exports and deletions. A job is done in steps; what it has done is in its row, so that anybody can go on with it.

ALTER TABLE export_jobs ADD COLUMN cursor TEXT NOT NULL DEFAULT '';     -- how far the step has come
ALTER TABLE export_jobs ADD COLUMN lease TEXT NOT NULL DEFAULT '';      -- who works on it; others keep away until due_at
ALTER TABLE export_jobs ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;   -- from when it may be taken up, or taken over from somebody who is gone
ALTER TABLE export_jobs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0; -- since the last progress
ALTER TABLE export_jobs ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;    -- pieces in the bucket
CREATE INDEX export_jobs_due ON export_jobs (state, due_at);
CREATE INDEX export_jobs_requested ON export_jobs (requested_by, created_at);

ALTER TABLE deletion_jobs ADD COLUMN cursor TEXT NOT NULL DEFAULT '';
ALTER TABLE deletion_jobs ADD COLUMN lease TEXT NOT NULL DEFAULT '';
ALTER TABLE deletion_jobs ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deletion_jobs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deletion_jobs ADD COLUMN error TEXT NOT NULL DEFAULT '';
ALTER TABLE deletion_jobs ADD COLUMN heartbeat_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX deletion_jobs_due ON deletion_jobs (state, due_at);

-- Names are held also for sites that are gone: the row outlives its tenant.
CREATE TABLE subdomain_holds (
  subdomain TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  hold_until INTEGER NOT NULL,
  PRIMARY KEY (subdomain, changed_at)
) WITHOUT ROWID;
INSERT INTO subdomain_holds SELECT subdomain, tenant_id, changed_at, hold_until FROM subdomain_history;
DROP TABLE subdomain_history;
ALTER TABLE subdomain_holds RENAME TO subdomain_history;

-- Who somebody followed and follows no longer: their notifications still know of it, until they are so old that they are dropped.
CREATE TABLE former_follows (
  follower_id TEXT NOT NULL,
  followee_id TEXT NOT NULL,
  ended_at INTEGER NOT NULL,
  PRIMARY KEY (follower_id, followee_id)
) WITHOUT ROWID;
CREATE INDEX former_follows_ended ON former_follows (ended_at);
CREATE TRIGGER follows_ended AFTER DELETE ON follows BEGIN
  INSERT OR REPLACE INTO former_follows (follower_id, followee_id, ended_at) VALUES (old.follower_id, old.followee_id, unixepoch() * 1000);
END;

-- What operators did. It belongs to no site, and stays when one goes.
CREATE TABLE operator_log (
  id TEXT PRIMARY KEY,
  actor_id TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}',   -- JSON
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Where walks over everything have got to, such as the search for files that nobody refers to.
CREATE TABLE walks (name TEXT PRIMARY KEY, cursor TEXT NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID;

-- To whom the posts on other people's sites belong whose author is gone.
INSERT INTO users (id, email, email_norm, name, created_at, updated_at) VALUES ('00000000-0000-7000-8000-000000000000', '', '', 'Somebody who left', 0, 0);
