-- Trails: what somebody is up to, in phases and waypoints.

CREATE TABLE trails (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  intro TEXT NOT NULL DEFAULT '',
  visibility TEXT NOT NULL DEFAULT 'public' CHECK (visibility IN ('public', 'private')),
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (tenant_id, slug)
) WITHOUT ROWID;

CREATE TABLE trail_phases (
  id TEXT PRIMARY KEY,
  trail_id TEXT NOT NULL REFERENCES trails (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  sort_order INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX trail_phases_trail ON trail_phases (trail_id, sort_order);

CREATE TABLE trail_waypoints (
  id TEXT PRIMARY KEY,
  trail_id TEXT NOT NULL REFERENCES trails (id) ON DELETE CASCADE,
  phase_id TEXT REFERENCES trail_phases (id) ON DELETE SET NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT 'planned' CHECK (status IN ('planned', 'active', 'done', 'dropped')),
  target_date TEXT,
  sort_order INTEGER NOT NULL,
  status_seq INTEGER NOT NULL DEFAULT 0, -- TenantDO's; the latest status has the largest
  status_changed_at INTEGER,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX trail_waypoints_trail ON trail_waypoints (trail_id, sort_order);
