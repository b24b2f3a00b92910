-- A database with something for each of pg_restore's options to take or to leave.
SET client_min_messages = error;
SET allow_in_place_tablespaces = on;
SELECT 'CREATE TABLESPACE same_place LOCATION ''''' WHERE NOT EXISTS (SELECT FROM pg_tablespace WHERE spcname = 'same_place') \gexec
CREATE ACCESS METHOD other_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE SCHEMA shop;
CREATE SCHEMA "Odd ""schema""" AUTHORIZATION fx_owner;
COMMENT ON SCHEMA shop IS 'where it is sold';
GRANT USAGE ON SCHEMA shop TO fx_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO fx_reader;

CREATE TYPE shop.mood AS ENUM ('well', 'ill');
CREATE DOMAIN shop.amount AS integer CHECK (VALUE >= 0);
CREATE FUNCTION shop.twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := NEW.note || ''!''; RETURN NEW; END';
CREATE FUNCTION shop.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE PROCEDURE shop.nothing(note text) LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE shop.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
REVOKE ALL ON FUNCTION shop.twice(integer) FROM PUBLIC;
COMMENT ON FUNCTION shop.twice(integer) IS 'times 2';

CREATE TABLE shop.item (id serial PRIMARY KEY, mood shop.mood, price shop.amount DEFAULT 1, note text NOT NULL DEFAULT 'none');
CREATE TABLE shop.other_item () INHERITS (shop.item) USING other_heap;
-- Rows of this table come before those that they refer to, and refer to each other.
CREATE TABLE shop.basket (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item integer, twin integer, CHECK (id > 0));
CREATE TABLE shop.event (id integer, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE shop.event_2024 PARTITION OF shop.event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop.event_rest PARTITION OF shop.event DEFAULT;
CREATE TABLE "Odd ""schema"""."Odd ""table""" (id integer, "a;b" text);
CREATE TABLE public.plain (id integer, note text) TABLESPACE same_place;
CREATE SEQUENCE shop.free START 7;
CREATE VIEW shop.cheap AS SELECT * FROM shop.item WHERE price < 3;
CREATE MATERIALIZED VIEW shop.counted AS SELECT mood, count(*) FROM shop.item GROUP BY mood;
CREATE RULE quiet AS ON DELETE TO shop.cheap DO INSTEAD NOTHING;

SELECT setval('shop.free', 40);
INSERT INTO shop.item (mood, price, note) SELECT (ARRAY['well', 'ill']::shop.mood[])[1 + i % 2], i % 5, 'item ' || i FROM generate_series(1, 200) i;
INSERT INTO shop.other_item (mood, note) VALUES ('ill', 'other');
INSERT INTO shop.basket (item, twin) SELECT 1 + i % 200, CASE WHEN i < 300 THEN i + 1 END FROM generate_series(1, 300) i;
INSERT INTO shop.event SELECT i, date '2024-11-01' + i FROM generate_series(1, 100) i;
INSERT INTO "Odd ""schema"""."Odd ""table""" VALUES (1, E'x\ty\\'), (2, NULL);
INSERT INTO public.plain SELECT i, repeat('x', i) FROM generate_series(1, 50) i;
REFRESH MATERIALIZED VIEW shop.counted;
SELECT lo_from_bytea(70001, 'content'), lo_from_bytea(70002, '');
COMMENT ON LARGE OBJECT 70001 IS 'large';
GRANT SELECT ON LARGE OBJECT 70002 TO fx_reader;
ALTER LARGE OBJECT 70002 OWNER TO fx_other;

CREATE INDEX item_note ON shop.item (note);
CREATE INDEX event_id ON shop.event (id);
CREATE UNIQUE INDEX counted_mood ON shop.counted (mood);
CREATE STATISTICS shop.item_both (dependencies) ON mood, price FROM shop.item;
ALTER TABLE shop.basket ADD FOREIGN KEY (item) REFERENCES shop.item, ADD CONSTRAINT twin FOREIGN KEY (twin) REFERENCES shop.basket;
ALTER TABLE shop.item CLUSTER ON item_note, REPLICA IDENTITY FULL;
CREATE TRIGGER touch BEFORE INSERT ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE TRIGGER touch_other BEFORE INSERT ON public.plain FOR EACH ROW EXECUTE FUNCTION shop.touch();
ALTER TABLE public.plain DISABLE TRIGGER touch_other;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION shop.watch();
ALTER TABLE public.plain ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.plain TO fx_reader USING (id > 10);
COMMENT ON POLICY own ON public.plain IS 'those above 10';
COMMENT ON COLUMN shop.item.note IS 'what else there is';
COMMENT ON INDEX shop.item_note IS 'to find it';
CREATE PUBLICATION shown FOR TABLE shop.item, public.plain;
CREATE SUBSCRIPTION shown CONNECTION 'host=nowhere' PUBLICATION shown WITH (connect = false, slot_name = NONE);
COMMENT ON SUBSCRIPTION shown IS 'of nowhere';

ALTER TABLE shop.item OWNER TO fx_owner;
ALTER FUNCTION shop.twice(integer) OWNER TO fx_other;
ALTER TABLE "Odd ""schema"""."Odd ""table""" OWNER TO "fx_Upper ""quoted"" role";
GRANT SELECT, UPDATE (note) ON shop.item TO fx_reader;
GRANT INSERT ON public.plain TO fx_other WITH GRANT OPTION;

CREATE FUNCTION pg_temp.of_the_database(command text) RETURNS void LANGUAGE plpgsql AS
    'BEGIN EXECUTE format(command, current_database()); END';
SELECT pg_temp.of_the_database(command) FROM unnest(ARRAY[
    'ALTER DATABASE %I SET work_mem TO ''5MB''',
    'ALTER ROLE fx_owner IN DATABASE %I SET work_mem TO ''6MB''',
    'ALTER DATABASE %I CONNECTION LIMIT 77',
    'GRANT CREATE ON DATABASE %I TO fx_reader',
    'REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC',
    'COMMENT ON DATABASE %I IS ''a shop''']) AS command;
ANALYZE;
