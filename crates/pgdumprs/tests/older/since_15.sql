CREATE TABLE app.once (a integer UNIQUE NULLS NOT DISTINCT, b integer, c integer);
INSERT INTO app.once VALUES (NULL, 1, 2);
CREATE UNIQUE INDEX once_b ON app.once (b) NULLS NOT DISTINCT;
CREATE TABLE app.pairs (a integer, b integer, PRIMARY KEY (a, b));
ALTER TABLE app.once ADD FOREIGN KEY (b, c) REFERENCES app.pairs ON DELETE SET NULL (c) NOT VALID;
CREATE UNLOGGED TABLE app.fleeting (a serial, b integer GENERATED ALWAYS AS IDENTITY);
CREATE VIEW app.guarded WITH (security_invoker = true) AS SELECT name FROM app.item;
COMMENT ON VIEW app.guarded IS 'with (security_invoker = true)';
CREATE PUBLICATION partly FOR TABLE app.item (id, name) WHERE (id > 1);
CREATE PUBLICATION whole FOR TABLES IN SCHEMA app;
CREATE SUBSCRIPTION careful CONNECTION 'host=nowhere' PUBLICATION rows WITH (connect = false, slot_name = NONE, two_phase = true, disable_on_error = true);
CREATE FUNCTION app.merges() RETURNS void LANGUAGE sql BEGIN ATOMIC
    MERGE INTO app.item USING app.once ON id = a WHEN MATCHED THEN DELETE; END;
