"""The store: what must never be lost or doubled, in SQLite or PostgreSQL, written in small transactions."""
