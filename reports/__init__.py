"""Questions to the metric layer that people keep: answered, drawn, written as files, and sent by email."""
