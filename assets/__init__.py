"""Assets wire the other folders on a schedule; nothing is decided here."""
