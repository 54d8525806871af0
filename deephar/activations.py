"""Softmax functions, under the name where existing code looks for them."""

from deephar.layers.softmax import channel_softmax_1d, channel_softmax_2d

__all__ = ["channel_softmax_1d", "channel_softmax_2d"]
