-- Posts whose followers are still to hear of a change. The rows are written by the statement that changes the post, whoever runs it, so that no
-- change is lost between the database and the queue; what has been sent is deleted.

CREATE TABLE announcements (
  post_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  author_id TEXT NOT NULL,
  version INTEGER NOT NULL,            -- of the post; a later change has a larger one
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX announcements_at ON announcements (at);

CREATE TRIGGER posts_announced_new AFTER INSERT ON posts WHEN new.status = 'published' BEGIN
  INSERT OR REPLACE INTO announcements (post_id, tenant_id, author_id, version, at) VALUES (new.id, new.tenant_id, new.author_id, new.version, new.updated_at);
END;
CREATE TRIGGER posts_announced AFTER UPDATE OF status, slug, title, excerpt, published_at, author_id ON posts WHEN old.status = 'published' OR new.status = 'published' BEGIN
  INSERT OR REPLACE INTO announcements (post_id, tenant_id, author_id, version, at) VALUES (new.id, new.tenant_id, new.author_id, new.version, new.updated_at);
END;
CREATE TRIGGER posts_announced_gone AFTER DELETE ON posts WHEN old.status = 'published' BEGIN
  INSERT OR REPLACE INTO announcements (post_id, tenant_id, author_id, version, at) VALUES (old.id, old.tenant_id, old.author_id, old.version + 1, old.updated_at);
END;

-- For feeds that fetch the posts of popular authors: what is new, shown again or changed since they last looked.
CREATE INDEX posts_changed ON posts (author_id, status, updated_at);
