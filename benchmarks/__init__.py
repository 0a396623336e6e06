"""Measurements of the running site over HTTP on loopback, each run with `python -m benchmarks.NAME`."""
