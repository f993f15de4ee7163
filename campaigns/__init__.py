"""Campaigns decide: who is in a segment, who of them is written to and why, and what exactly is planned."""
