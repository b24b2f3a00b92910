-- The roles of Supabase. Its administrator is postgres, who is a superuser on a plain server: here it is one who may become postgres.
CREATE ROLE supabase_admin SUPERUSER;
CREATE ROLE supabase_auth_admin;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE ROLE service_role;
CREATE ROLE administrator LOGIN IN ROLE postgres;
