"""What a rule can do: one file per action, listed in `registry`."""
