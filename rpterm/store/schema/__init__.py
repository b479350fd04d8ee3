"""The tables of the database, as one set of migrations per group of tables."""
