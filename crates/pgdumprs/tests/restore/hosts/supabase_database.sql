-- A project's database: what Supabase makes in it, and what its user does.
CREATE SCHEMA extensions AUTHORIZATION supabase_admin;
CREATE SCHEMA auth AUTHORIZATION supabase_auth_admin;
CREATE TABLE auth.users (id int PRIMARY KEY, email text);
ALTER TABLE auth.users OWNER TO supabase_auth_admin;
INSERT INTO auth.users SELECT g, 'user ' || g FROM generate_series(1, 10) g;
CREATE SCHEMA graphql_public AUTHORIZATION supabase_admin;
CREATE FUNCTION graphql_public.graphql() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION extensions.pgrst_ddl_watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end EXECUTE FUNCTION extensions.pgrst_ddl_watch();
CREATE PUBLICATION supabase_realtime;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public GRANT SELECT ON TABLES TO anon;
CREATE TABLE public.profile (id int PRIMARY KEY REFERENCES auth.users, name text);
INSERT INTO public.profile SELECT g, 'name ' || g FROM generate_series(1, 10) g;
ALTER TABLE public.profile ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.profile TO authenticated USING (id > 0);
GRANT SELECT ON public.profile TO anon, authenticated;
