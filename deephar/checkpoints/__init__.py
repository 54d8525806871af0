"""Weights in and out of files: the layout of Keras 2.1.4 and today's."""
