"""The use cases: what happens when a task or the timer arrives."""
