"""The cells of an SPSS system file: plain, packed by bytecodes, or packed and deflated (.zsav)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from ipdma.errors import ReadError
from ipdma.site.formats.binary import ByteReader, check_cells
from ipdma.site.formats.spss_dictionary import Dictionary

PLAIN, PACKED, DEFLATED = 0, 1, 2
LARGEST_UNPACKED = 200_000_000
SPACES = b" " * 8
PIECE = 1 << 22
END_OF_DATA, LITERAL, BLANK, MISSING = 252, 253, 254, 255


def read_cases(dictionary: Dictionary, reader: ByteReader, name: str) -> Iterator[bytes]:
    """Whole cases one after another, in pieces of some megabytes.

    Raises
    ------
    ValueError
        Where the cells end within a case, or before the number of cases that the file declares.
    ReadError
        Where there are too many.
    """
    size = dictionary.elements * 8
    wanted = dictionary.cases
    kept, done = b"", 0
    for piece in pieces(dictionary, reader, name):
        kept += piece
        whole = len(kept) // size
        if wanted >= 0:
            whole = min(whole, wanted - done)
        done += whole
        check_cells(name, len(dictionary.variables), done)
        if whole:
            yield kept[: whole * size]
        kept = kept[whole * size :]
        if done == wanted:
            return
    if kept or done < wanted:
        raise ValueError("the cells end too early")


def pieces(dictionary: Dictionary, reader: ByteReader, name: str) -> Iterator[bytes]:
    """The elements of all cases as plain bytes."""
    if dictionary.compression == PLAIN:
        while reader.left:
            yield reader.take(min(PIECE, reader.left))
    elif dictionary.compression == PACKED:
        yield from unpack(dictionary, iter([reader.take(reader.left)]))
    elif dictionary.compression == DEFLATED:
        yield from unpack(dictionary, inflate(reader, name))
    else:
        raise ValueError("no such compression")


def inflate(reader: ByteReader, name: str) -> Iterator[bytes]:
    """The blocks of a .zsav file, their sizes judged before the first is unpacked."""
    _, trailer, length = reader.unpack("3q")
    index = ByteReader(reader.data, reader.order)
    index.take(trailer)
    _, _, _, count = index.unpack("2q2i")
    if count < 0 or length != 24 + 24 * count:
        raise ValueError("no index of blocks")
    blocks = [index.unpack("2q2i") for _ in range(count)]
    if sum(block[2] for block in blocks) > LARGEST_UNPACKED:
        raise too_large(name)
    for _, offset, size, packed in blocks:
        index.at = 0
        index.take(offset)
        # one byte more than declared shows a block that is larger than it says
        engine = zlib.decompressobj()
        block = engine.decompress(index.take(packed), size + 1)
        if size <= 0 or len(block) != size:
            raise ValueError("a block of another size")
        yield block


def too_large(name: str) -> ReadError:
    """A small file that unpacks to an enormous one."""
    return ReadError(
        f"{name}: unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB, too large for a trial; "
        "export only the columns that study.yaml names"
    )


def unpack(dictionary: Dictionary, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Undo the bytecodes: eight commands of a byte, then the elements that they call for."""
    order = dictionary.order
    fixed = [struct.pack(order + "d", code - dictionary.bias) for code in range(256)]
    fixed[0], fixed[BLANK], fixed[MISSING] = b"", SPACES, dictionary.system_missing
    rest = b""
    for block in blocks:
        rest += block
        made: list[bytes] = []
        at, ready = 0, len(rest) - 72
        ended = False
        while at <= ready and not ended:
            at, ended = unpack_octet(rest, at, fixed, made)
            if len(made) > PIECE // 8:
                yield b"".join(made)
                made.clear()
        rest = rest[at:]
        yield b"".join(made)
        if ended:
            return
    made, at, ended = [], 0, False
    while at + 8 <= len(rest) and not ended:
        at, ended = unpack_octet(rest, at, fixed, made)
    yield b"".join(made)


def unpack_octet(data: bytes, at: int, fixed: list[bytes], made: list[bytes]) -> tuple[int, bool]:
    """Carry out eight commands; returns where the next ones stand, and whether the data have ended."""
    commands = data[at : at + 8]
    at += 8
    for code in commands:
        if code == LITERAL:
            element = data[at : at + 8]
            if len(element) < 8:
                raise ValueError("a command without its element")
            made.append(element)
            at += 8
        elif code == END_OF_DATA:
            return at, True
        else:
            made.append(fixed[code])
    return at, False
