"""Proofs and measures: what happens when processes are killed, and how near to the machine's limit we work."""
