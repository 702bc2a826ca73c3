"""Watch files, report batches of changes, and say which functions they touch."""
