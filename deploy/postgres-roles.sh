#!/bin/sh
# Run once by the postgres image, on a new volume: the two roles of docs/adr/0014 and their database. Passwords come from
# the environment. After this the superuser has none: it is reached from inside the container only.
set -eu
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  -v owner_password="$POSTGRES_PASSWORD" -v app_password="$POSTGRES_APP_PASSWORD" <<'SQL'
CREATE ROLE tidings_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE tidings_app LOGIN PASSWORD :'app_password';
CREATE DATABASE tidings OWNER tidings_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE tidings FROM PUBLIC;
GRANT CONNECT ON DATABASE tidings TO tidings_app;
\connect tidings
-- PostgreSQL 13 and 14 let everybody make functions there, which others might then call (CVE-2018-1058).
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO tidings_owner;
\connect postgres
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
