-- There are no roles of the host's own: the schema is what it is known by.
CREATE ROLE administrator LOGIN;
CREATE SCHEMA heroku_ext;
