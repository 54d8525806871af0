"""Writes scores for TensorBoard without TensorFlow: a file of records, each an `Event` message.

    record = length (8 bytes) | masked crc of length (4) | message | masked crc of message (4)
    Event  = 1: wall time (double), 2: step (varint), 3: version of the file (string), 5: summary
    summary = 1: value = 1: tag (string), 2: number (float)

Sources: TFRecord and `event.proto`, `summary.proto` of TensorFlow; CRC-32C (Castagnoli), RFC 3720.
"""

import struct

from deephar.utils.io import atomic_path

_POLYNOMIAL = 0x82F63B78
_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (_POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _crc_table()


def crc32c(data):
    """Return the CRC-32C of bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _masked_crc(data):
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def _varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _field(number, kind, data):
    """Return one field of a message; bytes get their length in front."""
    return _varint(number << 3 | kind) + (_varint(len(data)) + data if kind == _BYTES else data)


def _event(wall_time, step, *fields):
    return _field(1, _DOUBLE, struct.pack("<d", wall_time)) + _field(2, _VARINT, _varint(step)) + b"".join(fields)


def _scalar(tag, value):
    inner = _field(1, _BYTES, tag.encode()) + _field(2, _FLOAT, struct.pack("<f", value))
    return _field(5, _BYTES, _field(1, _BYTES, inner))


def _record(message):
    length = struct.pack("<Q", len(message))
    return length + _masked_crc(length) + message + _masked_crc(message)


def write_events(path, rows):
    """Write all scores of a run, whole or not at all.

    Args:
        path: a file whose name holds `tfevents`.
        rows: [(wall time in seconds, step, {tag: number}), ...].
    """
    data = _record(_event(rows[0][0] if rows else 0.0, 0, _field(3, _BYTES, b"brain.Event:2")))
    for wall_time, step, scores in rows:
        data += b"".join(_record(_event(wall_time, step, _scalar(t, v))) for t, v in scores.items())
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
