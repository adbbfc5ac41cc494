"""pytest plugins of this project."""
