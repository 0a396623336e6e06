"""Measures the running site from outside, over loopback; shares no code with app/. `make bench` runs it."""
