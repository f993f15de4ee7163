"""The dashboard shows marketers what happened and why; it reads the published copy only."""
