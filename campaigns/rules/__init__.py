"""Segments as rule trees: what may be asked (``fields.toml``), how a tree is read, and the SQL it becomes."""
