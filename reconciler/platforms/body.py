"""Unpacks a body while it comes, no further than allowed: a few bytes on the line can stand for billions."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from reconciler.platforms.line import Late, NoAnswer

PART = 1_048_576
"""Bytes of an unpacked part at most."""

START = 65_536
"""Bytes of a body that an error may show something of: enough that no secret in them is cut."""

GZIP, ZLIB, BARE = 31, 15, -15
"""What zlib is to expect. `deflate` means the second, and is sent as the third, too."""


class CannotUnpack(Exception):
    """A body is packed otherwise than asked for, or wrongly."""


class TooLarge(Exception):
    """A body is larger than allowed."""


def unpacked(parts: Iterable[bytes], encoding: str, most: int) -> Iterator[bytes]:
    """Yield a body as it was before it was packed; raise TooLarge at the first byte beyond `most`.

    Raises CannotUnpack for what is packed otherwise than asked for, or wrongly.
    """
    size = 0
    for part in _parts(parts, encoding.strip().lower()):
        size += len(part)
        if size > most:
            raise TooLarge
        yield part


def _parts(parts: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    if encoding in {"", "identity"}:
        yield from parts
    elif encoding in {"gzip", "x-gzip", "deflate"}:
        try:
            yield from _inflated(parts, GZIP if encoding != "deflate" else ZLIB)
        except zlib.error as error:
            raise CannotUnpack(str(error)) from None
    else:
        raise CannotUnpack(f"it is packed as {encoding!r}, which was not asked for")


def _inflated(parts: Iterable[bytes], kind: int) -> Iterator[bytes]:
    inflate = None
    for part in filter(None, parts):
        packed = part
        if inflate is None:
            bare = kind == ZLIB and packed[0] & 0x0F != zlib.DEFLATED
            kind = BARE if bare else kind
            inflate = zlib.decompressobj(kind)
        while True:
            if inflate.eof:  # a body may be packed in several pieces, one behind the other
                inflate = zlib.decompressobj(kind)
            plain = inflate.decompress(packed, PART)
            packed = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if plain:
                yield plain
            if not packed and len(plain) < PART:
                break
    if inflate is not None and not inflate.eof:
        raise CannotUnpack("it ended early")


def start(parts: Iterator[bytes]) -> bytes:
    """Take the beginning of a body from its parts."""
    return b"".join(_begun(parts))


def start_of_refusal(parts: Iterator[bytes]) -> bytes:
    """Take the beginning of a body as far as it comes: what became of the rest makes no refusal another one."""
    begun: list[bytes] = []
    try:
        begun.extend(_begun(parts))
    except Late:
        raise
    except (NoAnswer, CannotUnpack):
        pass
    return b"".join(begun)


def _begun(parts: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    while size < START and (part := next(parts, b"")):
        size += len(part)
        yield part
