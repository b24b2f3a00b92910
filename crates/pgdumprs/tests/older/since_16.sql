CREATE COLLATION app.ruled (provider = icu, locale = 'und', rules = '&a < g');
CREATE VIEW app.who AS SELECT SYSTEM_USER AS who, name IS JSON AS is_json FROM app.item;
CREATE SUBSCRIPTION mine CONNECTION 'host=nowhere' PUBLICATION rows
    WITH (connect = false, slot_name = NONE, streaming = parallel, password_required = false, run_as_owner = true);
CREATE SUBSCRIPTION own CONNECTION 'host=nowhere' PUBLICATION rows WITH (connect = false, slot_name = NONE, origin = none);
