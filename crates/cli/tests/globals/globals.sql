-- Globals of every kind, for psql with the variables "folder" (where tablespaces go), and those for the server's major.
CREATE ROLE plain;
CREATE ROLE "Odd Name" SUPERUSER CREATEDB CREATEROLE LOGIN REPLICATION BYPASSRLS CONNECTION LIMIT 5
    PASSWORD 'SCRAM-SHA-256$4096:f4NVpPmnQ5/QWqMH1bENcQ==$pkczyoMsKuezsRJRgo+88qf/5AZggzOADbpd855TvHo=:7FIDMZM5IL9G/GmaDHybCi9StYnr/SNBCqVZ3jAAR3k='
    VALID UNTIL '2001-02-03 04:05:06+00';
COMMENT ON ROLE "Odd Name" IS 'it''s \ odd
two lines';
CREATE ROLE by_md5 LOGIN NOINHERIT PASSWORD 'md5c4cf6f0d4b5dd2e9fa3e7f3a4d5ae3ab' VALID UNTIL 'infinity';
CREATE ROLE "a""b" LOGIN CONNECTION LIMIT 0;
\if :{?before_19}
CREATE ROLE "line
end; DROP ROLE plain;";
\endif
CREATE ROLE "select";
COMMENT ON ROLE "select" IS 'a key word';
CREATE ROLE "ünï" VALID UNTIL '2099-12-31 23:59:59.5+02';
CREATE ROLE may_log_in LOGIN;

-- Who grants comes behind the member by name, so that order matters where grantors are kept.
CREATE ROLE grp_a;
CREATE ROLE grp_b;
CREATE ROLE z_first CREATEROLE;
CREATE ROLE y_second;
CREATE ROLE a_third;
GRANT grp_a TO z_first WITH ADMIN OPTION;
SET SESSION AUTHORIZATION z_first;
GRANT grp_a TO y_second WITH ADMIN OPTION;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION y_second;
GRANT grp_a TO a_third;
RESET SESSION AUTHORIZATION;
GRANT grp_b TO grp_a;
GRANT "Odd Name" TO "select";
GRANT pg_monitor TO "a""b" WITH ADMIN OPTION;
\if :{?since_16}
GRANT grp_b TO a_third WITH INHERIT FALSE;
GRANT grp_b TO y_second WITH INHERIT TRUE, SET FALSE, ADMIN TRUE;
GRANT grp_b TO "a""b" WITH INHERIT FALSE, SET FALSE;
GRANT grp_a TO a_third WITH INHERIT FALSE GRANTED BY postgres;
SET SESSION AUTHORIZATION z_first;
CREATE ROLE made_by_first;
RESET SESSION AUTHORIZATION;
\endif

ALTER ROLE plain SET search_path = "$user", public, "Odd, schema", "a""b";
ALTER ROLE plain SET work_mem = '64MB';
ALTER ROLE plain SET "my.setting" = 'it''s \ x';
ALTER ROLE "Odd Name" SET temp_tablespaces = '';
ALTER ROLE "Odd Name" SET DateStyle = 'ISO, DMY';
CREATE DATABASE one OWNER plain;
ALTER ROLE plain IN DATABASE one SET work_mem = '1MB';
CREATE DATABASE "Odd one";
COMMENT ON DATABASE "Odd one" IS 'another';

\set first :folder '/first'
\set second :folder '/the second'
CREATE TABLESPACE first LOCATION :'first';
CREATE TABLESPACE "The Second" OWNER plain LOCATION :'second' WITH (seq_page_cost = 2, random_page_cost = 3.5);
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE "in place" LOCATION '';
COMMENT ON TABLESPACE first IS 'a \ comment';
GRANT CREATE ON TABLESPACE first TO PUBLIC;
GRANT CREATE ON TABLESPACE "The Second" TO grp_a WITH GRANT OPTION;
SET SESSION AUTHORIZATION grp_a;
GRANT CREATE ON TABLESPACE "The Second" TO a_third;
RESET SESSION AUTHORIZATION;

\if :{?since_15}
GRANT SET ON PARAMETER work_mem TO plain;
GRANT SET, ALTER SYSTEM ON PARAMETER log_min_messages TO plain WITH GRANT OPTION;
GRANT ALTER SYSTEM ON PARAMETER shared_buffers TO PUBLIC;
GRANT SET ON PARAMETER "my.Setting" TO "Odd Name";
SET SESSION AUTHORIZATION plain;
GRANT SET ON PARAMETER log_min_messages TO a_third;
RESET SESSION AUTHORIZATION;
\endif

-- A provider of labels would have to be loaded; the rows are what it would leave.
SET allow_system_table_mods = on;
INSERT INTO pg_shseclabel SELECT oid, 'pg_authid'::regclass, 'Some provider', 'it''s \ secret' FROM pg_authid WHERE rolname = 'plain';
INSERT INTO pg_shseclabel SELECT oid, 'pg_tablespace'::regclass, 'selinux', 'top' FROM pg_tablespace WHERE spcname = 'first';

-- What is in databases, those that every server has too.
COMMENT ON DATABASE postgres IS 'changed';
CREATE TABLE in_postgres AS SELECT generate_series(1, 3) AS id;
\connect template1
CREATE TABLE in_template (id int PRIMARY KEY);
\connect one
CREATE TABLE in_one (id int, note text) TABLESPACE first;
INSERT INTO in_one VALUES (1, 'x'), (2, NULL);
ANALYZE in_one;
