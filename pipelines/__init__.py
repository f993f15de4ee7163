"""Pipelines bring data in: each source runs alone and lands in the warehouse's ``raw`` schema through dlt."""
