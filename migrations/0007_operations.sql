-- What the machinery keeps about itself.

-- Batches that objects have written: a batch that is sent again changes nothing.
CREATE TABLE applied_batches (
  source TEXT NOT NULL,                -- the object's class and name
  batch_id TEXT NOT NULL,
  applied_at INTEGER NOT NULL,
  PRIMARY KEY (source, batch_id)
) WITHOUT ROWID;
CREATE INDEX applied_batches_age ON applied_batches (applied_at);

-- Rows that D1 refuses, out of the way of the others.
CREATE TABLE dead_letters (
  source TEXT NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  error TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  died_at INTEGER NOT NULL,
  PRIMARY KEY (source, seq)
) WITHOUT ROWID;

CREATE TABLE export_jobs (
  id TEXT PRIMARY KEY,
  subject TEXT NOT NULL,               -- 'user:{id}' or 'tenant:{id}'
  requested_by TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  step TEXT NOT NULL DEFAULT '',
  r2_key TEXT,
  error TEXT NOT NULL DEFAULT '',
  heartbeat_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE deletion_jobs (
  id TEXT PRIMARY KEY,
  subject TEXT NOT NULL UNIQUE,
  requested_by TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done')),
  step TEXT NOT NULL DEFAULT '',
  started_at INTEGER NOT NULL,
  done_at INTEGER
) WITHOUT ROWID;

-- Who did what on a site, for its owner.
CREATE TABLE audit_log (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  actor_id TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}',   -- JSON
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX audit_log_tenant ON audit_log (tenant_id, created_at, id);
