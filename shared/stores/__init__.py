"""Where state lives: blob archive, tables, queues and secrets. The only importer of the storage SDKs."""
