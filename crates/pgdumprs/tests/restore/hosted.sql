-- What a database may have that a role which owns nothing but its own database is refused.
CREATE SCHEMA app;
CREATE SCHEMA private AUTHORIZATION <boss>;
COMMENT ON SCHEMA public IS 'of the source';
GRANT CREATE ON SCHEMA public TO <reader>;
CREATE EXTENSION citext SCHEMA app;
COMMENT ON EXTENSION citext IS 'of the source';
GRANT EXECUTE ON FUNCTION app.citext_eq(app.citext, app.citext) TO <reader>;
CREATE EXTENSION pageinspect;
COMMENT ON EXTENSION pageinspect IS 'for superusers';
CREATE VIEW app.pages AS SELECT * FROM page_header(get_raw_page('pg_class', 0));

CREATE TABLE app.item (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name app.citext, note text DEFAULT '<boss>');
INSERT INTO app.item (name) SELECT 'n' || g FROM generate_series(1, 100) g;
CREATE TABLE private.paid (item integer REFERENCES app.item, amount numeric, who text DEFAULT CURRENT_USER);
INSERT INTO private.paid SELECT g, g, '<reader>' FROM generate_series(1, 50) g;
ALTER TABLE private.paid OWNER TO <boss>;
GRANT SELECT ON private.paid TO <reader> WITH GRANT OPTION;
SET ROLE <reader>;
RESET ROLE;
GRANT USAGE ON SCHEMA private, app TO <reader>, <peer>;
SET ROLE <reader>;
GRANT SELECT ON private.paid TO <peer>;
RESET ROLE;
REVOKE DELETE ON private.paid FROM <boss>;
GRANT UPDATE (amount) ON private.paid TO <reader>, <peer>;
CREATE VIEW private.seen AS SELECT amount FROM private.paid;
ALTER VIEW private.seen OWNER TO <reader>;
CREATE SEQUENCE private.numbers;
ALTER SEQUENCE private.numbers OWNER TO <boss>;
COMMENT ON TABLE private.paid IS 'TO <reader>, "<boss>"';

ALTER TABLE app.item ENABLE ROW LEVEL SECURITY;
CREATE POLICY a_few ON app.item FOR SELECT TO <reader>, <peer> USING (note <> '<reader>');
CREATE POLICY one ON app.item FOR ALL TO <reader> USING (true);
COMMENT ON POLICY one ON app.item IS 'for one alone';
CREATE POLICY boss ON app.item AS RESTRICTIVE TO PUBLIC USING (id > 0);

ALTER DEFAULT PRIVILEGES FOR ROLE <boss> IN SCHEMA app GRANT SELECT ON TABLES TO <peer>;
ALTER DEFAULT PRIVILEGES FOR ROLE <peer> GRANT SELECT ON TABLES TO PUBLIC;

CREATE FUNCTION app.on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION app.on_event();
COMMENT ON EVENT TRIGGER watch IS 'watches';
CREATE FUNCTION app.sure(support integer) RETURNS boolean LANGUAGE sql IMMUTABLE LEAKPROOF AS 'SELECT $1 > 0 -- LEAKPROOF';
CREATE INDEX sure ON app.item (app.sure(id));
CREATE FUNCTION app.touched() RETURNS trigger LANGUAGE internal AS 'suppress_redundant_updates_trigger';
CREATE TRIGGER touched BEFORE UPDATE ON app.item FOR EACH ROW EXECUTE FUNCTION app.touched();
CREATE OPERATOR CLASS app.backwards FOR TYPE integer USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer);
CREATE INDEX backwards ON app.item (id app.backwards);
CREATE FUNCTION app.days(date) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (date AS integer) WITH FUNCTION app.days(date);
CREATE CAST (oid AS date) WITHOUT FUNCTION;

CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER far FOREIGN DATA WRAPPER w;
CREATE USER MAPPING FOR <reader> SERVER far OPTIONS (password 'secret');
CREATE FOREIGN TABLE app.beyond (a integer) SERVER far;
CREATE VIEW app.behind AS SELECT a FROM app.beyond;
GRANT USAGE ON FOREIGN SERVER far TO <peer>;
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE PUBLICATION of_items FOR TABLE app.item;
CREATE SUBSCRIPTION sub CONNECTION 'dbname=nowhere password=secret' PUBLICATION p WITH (connect = false);

CREATE ACCESS METHOD pile TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE app.piled USING pile AS SELECT g AS id FROM generate_series(1, 10) g;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO <reader>;
SELECT lo_from_bytea(4711, 'content');
ALTER LARGE OBJECT 4711 OWNER TO <boss>;
GRANT SELECT ON LARGE OBJECT 4711 TO <reader>;
