"""Benchmarks: `python -m bench`, or `make bench`. Figures of speed and memory, each in a file of its own."""
