"""Evaluation: a network on a data set by its published protocol."""
