"""Data sets give samples as dicts by `get_data(key, mode)`; `BatchLoader` makes batches of them.

    disk -> reader -> one affine map for pixels and joints (frames.py) -> BatchLoader -> model

`BatchLoader` needs Keras, and the synthetic sources need the renderer: they are imported when first asked for.
"""

from deephar.data.clips import get_clip_frame_index
from deephar.data.flic import Flic
from deephar.data.human36m import Human36M
from deephar.data.lsp import Lsp
from deephar.data.mpii import MpiiSinglePerson
from deephar.data.ntu import Ntu
from deephar.data.pennaction import PennAction
from deephar.data.videofolder import VideoFolder
from deephar.lazy import lazy_attributes

__all__ = [
    "BatchLoader",
    "Flic",
    "Human36M",
    "Lsp",
    "MpiiSinglePerson",
    "Ntu",
    "PennAction",
    "SyntheticClips",
    "SyntheticPoses",
    "VideoFolder",
    "get_clip_frame_index",
]

__getattr__, __dir__, _ = lazy_attributes(
    __name__,
    {
        "BatchLoader": "deephar.data.loader",
        "SyntheticClips": "deephar.data.synthetic",
        "SyntheticPoses": "deephar.data.synthetic",
    },
)
