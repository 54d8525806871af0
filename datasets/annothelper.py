"""Checks that a data set is at hand, under the original's module name; nothing is downloaded.

The annotations that the original fetched are files of its releases at https://github.com/dluvizon/deephar/releases, to
be saved as `annotations.mat` in the data set's folder.
"""

import pathlib

from deephar.experiments.datasetpath import datasetpath

RELEASED = {  # release, file, MD5
    "MPII": ("v0.1", "mpii_annotations.mat", "cc62b1bb855bf4866d19bc0637526930"),
    "Human3.6M": ("v0.2", "h36m_annotations.mat", "4067d52db61737fbebdec850238d87dd"),
    "PennAction": ("v0.3", "penn_annotations.mat", "b37a2e72c0ba308bd7ad476bc2aa4d33"),
}


def check_mpii_dataset():
    """Check that MPII has its annotations and images; raises FileNotFoundError."""
    _check("MPII", "images")


def check_h36m_dataset():
    """Check that Human3.6M has its annotations and images; raises FileNotFoundError."""
    _check("Human3.6M", "images")


def check_pennaction_dataset():
    """Check that Penn Action has its annotations and frames; raises FileNotFoundError."""
    _check("PennAction", "frames")


def check_ntu_dataset():
    """Check that NTU has its skeletons and images; raises FileNotFoundError."""
    _check("NTU", "images-small")


def _check(name, images):
    try:
        folder = pathlib.Path(datasetpath(name))
    except FileNotFoundError as error:
        if name not in RELEASED:
            raise
        release, file, md5 = RELEASED[name]
        raise FileNotFoundError(f"{error} Or save {file} of release {release} (MD5 {md5}) as annotations.mat") from None
    if not (folder / images).is_dir():
        raise FileNotFoundError(f"{name} has no images: there is no folder {str(folder / images)!r}")
