"""`postrum`: the command line."""
