-- Run once, when the database is created: the owner of the tables is no superuser. It makes the
-- users of the services (`werknetz migrate --login`), so it may create roles.
\set password `cat /run/secrets/postgres_password`
CREATE ROLE werknetz LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE werknetz OWNER werknetz;
