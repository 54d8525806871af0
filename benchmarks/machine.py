"""What a machine is and can do: versions, processor features, the speed of a large matrix product and of a copy.

    python benchmarks/machine.py
"""

import importlib.metadata
import os
import pathlib
import platform
import re
import sys
import time

import numpy as np

PACKAGES = ("deephar", "keras", "tensorflow", "jax", "torch", "numpy", "onnxruntime", "openvino", "av", "pillow")
FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "sve")  # x86 and ARM
SIDE, COPIED_MB = 4096, 512
CPUINFO, STATUS = pathlib.Path("/proc/cpuinfo"), pathlib.Path("/proc/self/status")


def features():
    """Those of FEATURES that the processor has; empty where the system does not say."""
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", CPUINFO.read_text() if CPUINFO.exists() else "", re.MULTILINE)
    return [name for name in FEATURES if found and name in found.group(1).split()]


def processor():
    """Its name."""
    found = re.search(r"^model name\s*:\s*(.*)$", CPUINFO.read_text() if CPUINFO.exists() else "", re.MULTILINE)
    return found.group(1) if found else platform.processor() or platform.machine()


def cores():
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def describe():
    """Versions and the machine, as text."""
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    backend = os.environ.get("KERAS_BACKEND", "default")
    return (
        f"{platform.system()}, {processor()}, {cores()} cores, {' '.join(features()) or 'features not known'}\n"
        f"Python {platform.python_version()}, {', '.join(versions)}; backend {backend}"
    )


def best_seconds(call, times=5):
    """The shortest of some calls after a first one, s."""
    call()
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return min(spent)


def matrix_speed(dtype="float32", side=SIDE):
    """Speed of a product of two matrices side x side by Keras' backend, FLOP/s."""
    from keras import ops

    a, b = (ops.cast(np.random.default_rng(k).normal(size=(side, side)), dtype) for k in range(2))
    return 2 * side**3 / best_seconds(lambda: np.asarray(ops.cast(ops.matmul(a, b)[:1, :1], "float32")))


def copy_speed(megabytes=COPIED_MB):
    """Speed of copying memory, bytes read and written a second."""
    source = np.ones(megabytes * 2**20 // 8)
    target = np.empty_like(source)
    return 2 * source.nbytes / best_seconds(lambda: np.copyto(target, source))


def peaks():
    """The speeds of matrix products and copies, as text."""
    products = [f"{dtype} {matrix_speed(dtype) / 1e9:,.0f} GFLOP/s" for dtype in ("float32", "bfloat16")]
    copies = f"copies of {COPIED_MB} MB: {copy_speed() / 1e9:.1f} GB/s, read and written"
    return f"products of two {SIDE} x {SIDE} matrices: {', '.join(products)}; {copies}"


def peak_mb():
    """The most memory that this process has held, MB."""
    if STATUS.exists():  # the other number begins with that of the process that started this one
        return int(re.search(r"^VmHWM:\s*(\d+)", STATUS.read_text(), re.MULTILINE).group(1)) / 2**10
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(describe(), peaks(), sep="\n")
