-- History of visits. Values are absolute: a day that is written again is the same day.

CREATE TABLE analytics_daily (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  day TEXT NOT NULL,                   -- UTC, yyyy-mm-dd
  views INTEGER NOT NULL,
  visitors INTEGER NOT NULL,
  visitors_estimated INTEGER NOT NULL, -- 1: HyperLogLog
  posts_created INTEGER NOT NULL,
  comments INTEGER NOT NULL,
  reactions INTEGER NOT NULL,
  finalized_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, day)
) WITHOUT ROWID;

CREATE TABLE analytics_hourly (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  day TEXT NOT NULL,
  hour INTEGER NOT NULL,
  views INTEGER NOT NULL,
  visitors INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, day, hour)
) WITHOUT ROWID;

CREATE TABLE analytics_pages (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  day TEXT NOT NULL,
  path TEXT NOT NULL,                  -- normalised; 'other' beyond the cap
  views INTEGER NOT NULL,
  visitors INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, day, path)
) WITHOUT ROWID;
