-- What names things of extensions, whose schema has other things in it as well.
CREATE SCHEMA ext;
CREATE SCHEMA app;
CREATE EXTENSION citext SCHEMA ext;
CREATE EXTENSION hstore SCHEMA ext;
CREATE EXTENSION pg_trgm SCHEMA ext;
COMMENT ON EXTENSION hstore IS 'ext.hstore';
CREATE DOMAIN ext.mail AS ext.citext CHECK (VALUE OPERATOR(ext.=) VALUE);
CREATE TABLE ext.own (id integer PRIMARY KEY, name ext.citext);
CREATE TABLE app.ext (id integer REFERENCES ext.own, name ext.citext DEFAULT 'ext.citext'::ext.citext, h ext.hstore, m ext.mail);
INSERT INTO ext.own VALUES (1, 'ext.citext');
INSERT INTO app.ext VALUES (1, 'Ä', 'a=>1', 'a@b');
ALTER TABLE app.ext ADD CHECK (ext.similarity(name::text, 'x') < 1);
CREATE INDEX by_name ON app.ext USING gin ((name::text) ext.gin_trgm_ops);
CREATE VIEW app.seen AS SELECT ext.id, ext.name, (ext.h OPERATOR(ext.->) 'a') AS a, ext.similarity(ext.name::text, 'x') AS s
    FROM app.ext ext WHERE ext.name OPERATOR(ext.=) 'ä'::ext.citext;
CREATE MATERIALIZED VIEW app.kept AS SELECT name FROM ext.own WHERE name::text OPERATOR(ext.%) 'ext';
CREATE FUNCTION app.of(ext.hstore, text) RETURNS SETOF ext.citext LANGUAGE sql AS $$ SELECT 'a' $$;
CREATE FUNCTION app.quoted() RETURNS text LANGUAGE sql AS $$ SELECT ext.similarity('a', 'b')::text $$;
COMMENT ON FUNCTION app.of(ext.hstore, text) IS 'ext.hstore';
GRANT EXECUTE ON FUNCTION app.of(ext.hstore, text) TO PUBLIC;
CREATE AGGREGATE app.last(ext.citext) (SFUNC = ext.citext_larger, STYPE = ext.citext);
CREATE CAST (ext.mail AS integer) WITH INOUT;
CREATE POLICY p ON app.ext USING (name OPERATOR(ext.=) 'a'::ext.citext);
