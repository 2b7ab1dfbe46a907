-- Sites and who works on them. A tenant's id never changes; its subdomain is only how people find it.

CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  subdomain TEXT NOT NULL UNIQUE,
  owner_user_id TEXT NOT NULL REFERENCES users (id),
  display_name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  theme TEXT NOT NULL DEFAULT '{}',        -- JSON
  features TEXT NOT NULL DEFAULT '{}',     -- JSON
  tier TEXT NOT NULL DEFAULT 'wanderer' CHECK (tier IN ('wanderer', 'seedling', 'sapling', 'oak', 'evergreen')),
  status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'deleting')),
  config_version INTEGER NOT NULL DEFAULT 1,
  storage_used INTEGER NOT NULL DEFAULT 0, -- bytes of media
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tenants_owner ON tenants (owner_user_id);

CREATE TABLE tenant_members (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'author', 'viewer')),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
) WITHOUT ROWID;
CREATE INDEX tenant_members_user ON tenant_members (user_id, tenant_id);

-- Names that sites had before. A name is held for its last owner for a while, so that nobody can pose as them.
CREATE TABLE subdomain_history (
  subdomain TEXT NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  changed_at INTEGER NOT NULL,
  hold_until INTEGER NOT NULL,
  PRIMARY KEY (subdomain, changed_at)
) WITHOUT ROWID;

CREATE TABLE tenant_admin_config (
  tenant_id TEXT PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  font TEXT NOT NULL DEFAULT '',
  theme TEXT NOT NULL DEFAULT '{}',              -- JSON
  editor_preferences TEXT NOT NULL DEFAULT '{}', -- JSON
  version INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE admin_sections (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  icon TEXT NOT NULL,
  href TEXT NOT NULL,
  enabled INTEGER NOT NULL DEFAULT 1,
  sort_order INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (tenant_id, href)
) WITHOUT ROWID;
CREATE INDEX admin_sections_tenant ON admin_sections (tenant_id, sort_order);

-- Codes that handed a session over to a site, so that none is used twice.
CREATE TABLE used_handoffs (
  code_hash TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX used_handoffs_expires ON used_handoffs (expires_at);
