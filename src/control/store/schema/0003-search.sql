-- What resources are searched by, in lower case: the end of the key, and name, type and tags' values parted by line ends. The index holds all that
-- a search looks at.
ALTER TABLE resources ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE resources ADD COLUMN words TEXT NOT NULL DEFAULT '';
UPDATE resources SET name_key = substr(key, length(rtrim(key, replace(key, '/', ''))) + 1);
UPDATE resources SET words = name_key || char(10) || type_key
  || coalesce((SELECT group_concat(char(10) || fold(value), '') FROM json_each(asked, '$.tags')), '');
CREATE INDEX resources_found ON resources (name_key, key, type_key, words);
