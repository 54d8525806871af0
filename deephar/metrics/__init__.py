"""Metrics of poses and actions: pure functions on arrays, named as the protocol."""
