-- Which of the panel's optional pages its list leaves out.

ALTER TABLE tenant_admin_config ADD COLUMN hidden_sections TEXT NOT NULL DEFAULT '[]'; -- JSON
