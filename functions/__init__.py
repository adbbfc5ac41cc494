"""Bindings: one blueprint a file, each body a few lines. Decode the task, call one use case, map the outcome."""
