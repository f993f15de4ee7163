"""The warehouse: plain SQL on DuckDB, from ``raw`` over ``staging`` to ``marts``, then a copy for readers."""
