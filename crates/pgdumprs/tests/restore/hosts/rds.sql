CREATE ROLE rds_superuser CREATEROLE;
CREATE ROLE rds_replication;
CREATE ROLE rds_password;
CREATE ROLE administrator LOGIN CREATEDB CREATEROLE IN ROLE rds_superuser;
