"""The command line: ``bma``, the one door for people and for ``run.py``."""
