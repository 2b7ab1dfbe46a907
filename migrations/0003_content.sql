-- What sites publish, and what readers say to it. Every row names its tenant, and every index begins with it or with what belongs to one.

CREATE TABLE posts (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  author_id TEXT NOT NULL REFERENCES users (id),
  slug TEXT NOT NULL,
  title TEXT NOT NULL,
  excerpt TEXT NOT NULL DEFAULT '',
  body_md TEXT NOT NULL,
  body_html TEXT NOT NULL,                 -- sanitised
  tags TEXT NOT NULL DEFAULT '[]',         -- JSON list
  status TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'deleted')),
  word_count INTEGER NOT NULL DEFAULT 0,
  reading_minutes INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1,
  published_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (tenant_id, slug)
) WITHOUT ROWID;
CREATE INDEX posts_published ON posts (tenant_id, status, published_at, id);
CREATE INDEX posts_author ON posts (author_id, status, published_at, id);

-- Slugs that posts had before; links to them still find their way.
CREATE TABLE post_slugs (
  tenant_id TEXT NOT NULL,
  slug TEXT NOT NULL,
  post_id TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
  PRIMARY KEY (tenant_id, slug)
) WITHOUT ROWID;

CREATE TABLE media (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  uploaded_by TEXT NOT NULL REFERENCES users (id),
  r2_key TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  mime TEXT NOT NULL,
  width INTEGER NOT NULL DEFAULT 0,
  height INTEGER NOT NULL DEFAULT 0,
  sha256 TEXT NOT NULL,
  alt TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX media_tenant ON media (tenant_id, created_at, id);

-- Copies of drafts; TenantDO has the live ones.
CREATE TABLE drafts (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  draft_id TEXT NOT NULL,
  post_id TEXT,
  slug TEXT NOT NULL,
  content TEXT NOT NULL,
  metadata TEXT NOT NULL DEFAULT '{}', -- JSON
  revision INTEGER NOT NULL,
  device_id TEXT NOT NULL,
  author_id TEXT NOT NULL,
  saved_at INTEGER NOT NULL,
  deleted_at INTEGER,
  PRIMARY KEY (tenant_id, draft_id)
) WITHOUT ROWID;

CREATE TABLE comments (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  post_id TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
  author_id TEXT NOT NULL,             -- '' of a comment whose author was erased
  parent_id TEXT,
  depth INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('visible', 'pending', 'hidden', 'deleted')),
  seq INTEGER NOT NULL,                -- PostDO's; a later state has a larger one
  created_at INTEGER NOT NULL,
  edited_at INTEGER,
  deleted_at INTEGER,
  moderated_by TEXT,
  moderated_at INTEGER
) WITHOUT ROWID;
CREATE INDEX comments_post ON comments (post_id, created_at, id);
CREATE INDEX comments_changes ON comments (post_id, seq);
CREATE INDEX comments_answers ON comments (parent_id, status) WHERE parent_id IS NOT NULL;
CREATE INDEX comments_author ON comments (author_id, created_at);
CREATE INDEX comments_moderation ON comments (tenant_id, status, created_at, id);

CREATE TABLE comment_settings (
  tenant_id TEXT PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  enabled INTEGER NOT NULL DEFAULT 1,
  moderation TEXT NOT NULL DEFAULT 'none' CHECK (moderation IN ('none', 'first', 'all')),
  counts_visible TEXT NOT NULL DEFAULT 'author' CHECK (counts_visible IN ('author', 'everyone')),
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE blocked_users (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
) WITHOUT ROWID;

CREATE TABLE reactions (
  post_id TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('like', 'love', 'insightful', 'bookmark')),
  tenant_id TEXT NOT NULL,
  present INTEGER NOT NULL,            -- 0: taken back
  seq INTEGER NOT NULL,                -- PostDO's; a later state has a larger one
  created_at INTEGER NOT NULL,
  PRIMARY KEY (post_id, user_id, type)
) WITHOUT ROWID;
CREATE INDEX reactions_user ON reactions (user_id, created_at);

CREATE TABLE post_counters (
  post_id TEXT PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
  tenant_id TEXT NOT NULL,
  reactions TEXT NOT NULL DEFAULT '{}', -- JSON, absolute
  comments INTEGER NOT NULL DEFAULT 0,
  as_of_seq INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;
