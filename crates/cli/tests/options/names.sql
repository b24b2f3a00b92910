-- Objects that lean on each other across schemas, with names that patterns trip over.
CREATE EXTENSION hstore;
CREATE EXTENSION pg_trgm SCHEMA public;
CREATE SCHEMA app;
CREATE SCHEMA "App.2";
CREATE SCHEMA log;
COMMENT ON SCHEMA log IS 'log';
GRANT USAGE ON SCHEMA app TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;

CREATE TYPE app.mood AS ENUM ('good', 'bad');
CREATE DOMAIN log.short AS text CHECK (length(VALUE) < 10);
CREATE FUNCTION app.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE FUNCTION log.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';

CREATE TABLE app.parent (id serial PRIMARY KEY, mood app.mood, note log.short DEFAULT 'x');
COMMENT ON TABLE app.parent IS 'a table';
COMMENT ON COLUMN app.parent.mood IS 'a column';
GRANT SELECT (id) ON app.parent TO PUBLIC;
CREATE TABLE log.child (extra int CHECK (extra > 0)) INHERITS (app.parent);
CREATE TABLE app."Order" (id int GENERATED ALWAYS AS IDENTITY, parent int REFERENCES app.parent, t text);
CREATE TABLE "App.2"."Order" (id int PRIMARY KEY, h hstore);
CREATE TABLE app."dot.ted" (a int);
CREATE TABLE app."it's" (a int);
CREATE TABLE app.money$ (a int);
CREATE TABLE app."arr[]" (a int);
CREATE TABLE app."star*" (a int);
CREATE TABLE app.starry (a int);
CREATE TABLE public."Order" (id int);
CREATE TABLE hidden (in_path_of_nobody int);
CREATE UNLOGGED TABLE app.scratch AS SELECT 1 AS a;
CREATE INDEX ON app."Order" (app.twice(parent));
CREATE STATISTICS log.dependent ON id, parent FROM app."Order";
CREATE TRIGGER noting BEFORE INSERT ON app."Order" FOR EACH ROW EXECUTE FUNCTION log.note();
CREATE RULE nothing AS ON DELETE TO app."Order" DO INSTEAD NOTHING;
ALTER TABLE app."Order" ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON app."Order" USING (id > 0);
CREATE SEQUENCE log.free;
CREATE SEQUENCE app.owned OWNED BY app."Order".parent;
SELECT nextval('log.free'), nextval('app.owned');
INSERT INTO app.parent (mood) VALUES ('good'), ('bad');
INSERT INTO app."Order" (parent, t) VALUES (1, 'a'), (2, 'b');
INSERT INTO log.child (extra) VALUES (1);

CREATE TABLE app.measured (day date, value int, PRIMARY KEY (day)) PARTITION BY RANGE (day);
CREATE TABLE app.measured_2023 PARTITION OF app.measured FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE log.measured_2024 PARTITION OF app.measured FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY RANGE (day);
CREATE TABLE log.measured_2024_01 PARTITION OF log.measured_2024 FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE INDEX ON app.measured (value);
INSERT INTO app.measured VALUES ('2023-05-05', 1), ('2024-01-05', 2);
CREATE TABLE log.about (day date REFERENCES app.measured);

CREATE VIEW app.seen AS SELECT p.id, o.t FROM app.parent p JOIN app."Order" o ON o.parent = p.id;
CREATE VIEW log.counted AS SELECT count(*) FROM app.seen;
CREATE MATERIALIZED VIEW app.kept AS SELECT * FROM app.seen;
CREATE MATERIALIZED VIEW log.kept AS SELECT count(*) FROM app.kept;
CREATE INDEX ON app.kept (id);

CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE app.far (id int) SERVER nowhere;
CREATE PUBLICATION published FOR TABLE app.parent;
CREATE FUNCTION log.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION log.watch();
SELECT lo_create(4711);

-- Rows of an extension that were added since it was installed, as extensions mark them.
CREATE TABLE app.config (id serial, name text);
CREATE TABLE log.config (name text);
INSERT INTO app.config (name) VALUES ('a'), ('b');
INSERT INTO log.config VALUES ('c');
ALTER EXTENSION hstore ADD TABLE app.config;
ALTER EXTENSION hstore ADD SEQUENCE app.config_id_seq;
ALTER EXTENSION pg_trgm ADD TABLE log.config;
UPDATE pg_extension SET extconfig = ARRAY['app.config'::regclass::oid, 'app.config_id_seq'::regclass::oid],
                        extcondition = ARRAY['WHERE id > 1', ''] WHERE extname = 'hstore';
UPDATE pg_extension SET extconfig = ARRAY['log.config'::regclass::oid], extcondition = ARRAY[''] WHERE extname = 'pg_trgm';
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app, log', current_database()); END $$;
