"""The clip sampler under the module name that existing code imports it from."""

from deephar.data.clips import get_clip_frame_index

__all__ = ["get_clip_frame_index"]
