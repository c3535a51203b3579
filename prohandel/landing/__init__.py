"""How rows get into the landed tables: the catalogue of those tables, the upsert, files and the simulated retailer."""
