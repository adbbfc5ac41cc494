"""Changing the configuration: one way for the YAML file, the API and the console."""
