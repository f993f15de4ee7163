"""The words every other folder shares: settings, errors, vocabulary, ids, time, and the store."""
