"""Senders hand messages to providers, one folder per channel, and record what the provider answered."""
