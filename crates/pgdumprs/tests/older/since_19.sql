CREATE PUBLICATION nearly FOR ALL TABLES EXCEPT (TABLE app.item);
CREATE PUBLICATION everything FOR ALL TABLES, ALL SEQUENCES;
CREATE PUBLICATION numbers FOR ALL SEQUENCES;
CREATE EXTENSION postgres_fdw;
CREATE FOREIGN DATA WRAPPER connects CONNECTION postgres_fdw_connection;
CREATE SERVER publisher FOREIGN DATA WRAPPER connects;
CREATE USER MAPPING FOR CURRENT_USER SERVER publisher;
CREATE SUBSCRIPTION keeps CONNECTION 'host=nowhere' PUBLICATION rows
    WITH (connect = false, slot_name = NONE, retain_dead_tuples = true, max_retention_duration = 100, wal_receiver_timeout = '5min');
CREATE FUNCTION app.nowhere() RETURNS text LANGUAGE sql SET search_path TO NULL AS 'SELECT ''SET search_path TO NULL''';
CREATE FUNCTION app.puts() RETURNS SETOF integer LANGUAGE sql BEGIN ATOMIC
    INSERT INTO app.item (id) VALUES (1) ON CONFLICT (id) DO SELECT RETURNING id; END;
CREATE VIEW app.firsts AS SELECT first_value(name) IGNORE NULLS OVER (ORDER BY id) AS name FROM app.item;
CREATE TABLE app.parallel (a integer) WITH (autovacuum_parallel_workers = 2, log_autoanalyze_min_duration = 5);
CREATE TABLE app.net (address inet, "Net work" cidr, during int4range, EXCLUDE USING gist (address WITH &&, during WITH &&));
CREATE INDEX by_network ON app.net USING gist ("Net work", address inet_ops);
