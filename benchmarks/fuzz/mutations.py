"""Honest files made hostile: bytes, numbers, words, entries of documents and whole parts are changed at random."""

import json
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks.fuzz.containers import Part, opened

_DEEPER = 0.75
"""How likely it is that a part of a file is changed, and not the file as a whole."""
_BLOAT_BYTES = 40 << 20
_NUMBERS = (0, 1, -1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 10**6, 10**9, 2**31 - 1, -(2**31), 2**32 - 1,
            2**63 - 1)
_WORDS = (
    b"0", b"-1", b"1e999", b"nan", b"-inf", b"99999999999999999999", b"4000000000", b"1e-320", b"", b"x", b"../victim.ply",
    b"\0", b"\xff\xfe", b"\x1b[2J", b"%s%n", b"\xc3\xa9" * 300, b"a" * 70_000, b"list", b"double", b"<!DOCTYPE a>", b"\"")
_HUGE = "\u2603huge\u2603"
_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 3, 2**31, 2**63, 1e308, -1e308, 1e-320, float("nan"), float("inf"), _HUGE, "", "x", "../victim.ply",
    "/etc/passwd", "a\0b", "\x1b[2J", "a" * 70_000, [], {}, [None], [[]], {"x": 1})
_DEPTH = 3000


@dataclass(frozen=True)
class Mutant:
    """A changed file, how it was changed, and how many bytes are missing at its end."""

    data: bytes
    how: str
    missing: int = 0


def mutant(data: bytes, rng: Random) -> Mutant:
    """Return a file that is changed once or a few times."""
    if rng.random() < 0.1:
        kept = rng.randrange(len(data)) if rng.random() < 0.6 else max(0, len(data) - rng.randrange(1, 200))
        return Mutant(data[:kept], f"cut to {kept} bytes", missing=len(data) - kept)
    steps = []
    for _ in range(1 if rng.random() < 0.7 else rng.randrange(2, 5)):
        data, how = _changed(data, rng)
        steps.append(how)
    return Mutant(data, ", then ".join(steps))


def _changed(data: bytes, rng: Random, *, packs: bool = False) -> tuple[bytes, str]:
    """Return data of which a part is changed, or all of it, and in words how."""
    if packs and rng.random() < 0.03:
        return data + bytes(_BLOAT_BYTES), "bloated"
    found = opened(data) if rng.random() < _DEEPER else None
    if found is None or not found.parts:
        return _of_its_kind(data, rng)
    parts = list(found.parts)
    at = rng.randrange(len(parts))
    part = parts[at]
    name = repr(part.name[:12])[2:-1] or str(at)
    if rng.random() < 0.2:
        parts, how = _reordered(parts, at, rng)
        return found.joined(parts), f"{name} {how}"
    if part.name and rng.random() < 0.08:
        changed, how = _with_bytes(part.name, rng)
        parts[at] = Part(changed, part.body)
        return found.joined(parts), f"name {name} {how}"
    body, how = _changed(part.body, rng, packs=part.packs)
    parts[at] = Part(part.name, body)
    return found.joined(parts), f"{name} > {how}"


def _reordered(parts: list[Part], at: int, rng: Random) -> tuple[list[Part], str]:
    kind = rng.randrange(5)
    if kind == 0:
        return parts[:at] + parts[at + 1:], "left out"
    if kind == 1:
        return parts[:at] + [parts[at]] * rng.choice((2, 3, 200)) + parts[at + 1:], "repeated"
    other = rng.randrange(len(parts))
    changed = list(parts)
    if kind == 2:
        changed[at], changed[other] = changed[other], changed[at]
        return changed, "swapped"
    if kind == 3:
        changed[at] = Part(parts[at].name, parts[other].body)
        return changed, f"with the content of {other}"
    changed[at] = Part(parts[at].name, b"")
    return changed, "emptied"


def _of_its_kind(data: bytes, rng: Random) -> tuple[bytes, str]:
    if data.lstrip()[:1] in (b"{", b"[") and rng.random() < 0.8:
        with suppress(ValueError, RecursionError):
            return _with_entry(json.loads(data), rng)
    is_text = data[:200].decode("latin-1").isprintable() or data[:1] in (b"<", b"{")
    return _with_words(data, rng) if is_text and rng.random() < 0.7 else _with_bytes(data, rng)


def _with_entry(document: Any, rng: Random) -> tuple[bytes, str]:
    """Return a JSON document of which one entry is another value, missing, or very deep."""
    places = [(document, key) for key in (document if isinstance(document, dict) else range(len(document)))]
    holder: Any
    holder, key = rng.choice(places) if places else ([document], 0)
    while isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.75:
        holder = holder[key]
        key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    kind = rng.randrange(10)
    if kind == 0:
        del holder[key]
        return json.dumps(document).encode(), f"entry {key} left out"
    if kind == 1:
        holder[key] = _HUGE
        deep = "[" * _DEPTH + "]" * _DEPTH
        return json.dumps(document).replace(json.dumps(_HUGE), deep).encode(), f"entry {key} deep"
    if kind == 2 and isinstance(holder[key], list):
        holder[key] = holder[key] * rng.choice((2, 1000)) if rng.random() < 0.5 else holder[key][:-1]
        return json.dumps(document).encode(), f"entry {key} longer or shorter"
    value = rng.choice(_VALUES)
    holder[key] = value
    return json.dumps(document).replace(json.dumps(_HUGE), "1e999").encode(), f"entry {key} = {str(value)[:20]!r}"


def _with_words(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Return text of which a word is another one, or which has another encoding."""
    if rng.random() < 0.1:
        code = rng.choice(("utf-16", "utf-32", "utf-7"))
        return data.decode("latin-1").encode(code), f"as {code}"
    words = _split(data)
    at = rng.randrange(len(words))
    word = rng.choice(_WORDS)
    words[at] = word
    return b"".join(words), f"word {at} = {word[:16]!r}"


def _split(data: bytes) -> list[bytes]:
    """Return runs of letters and digits, and what stands between them."""
    words = [b""]
    for byte in data:
        if bytes((byte,)).isalnum() != words[-1][-1:].isalnum():
            words.append(b"")
        words[-1] += bytes((byte,))
    return words


def _with_bytes(data: bytes, rng: Random) -> tuple[bytes, str]:
    return rng.choice((_flipped, _flipped, _number, _number, _number, _without, _twice, _noise, _zeros, _longer))(data, rng)


def _place(data: bytes | bytearray, rng: Random) -> int:
    """Return a place, every second time near the beginning, where headers are."""
    return rng.randrange(max(1, min(len(data), 96) if rng.random() < 0.5 else len(data)))


def _flipped(data: bytes, rng: Random) -> tuple[bytes, str]:
    changed, count = bytearray(data or b"\0"), rng.choice((1, 1, 2, 8, 64))
    for _ in range(count):
        changed[_place(changed, rng)] ^= 1 << rng.randrange(8)
    return bytes(changed), f"{count} bits flipped"


def _number(data: bytes, rng: Random) -> tuple[bytes, str]:
    size, order, at, value = rng.choice((1, 2, 4, 4, 8)), rng.choice(("<", ">")), _place(data, rng), rng.choice(_NUMBERS)
    packed = (value % (1 << 8 * size)).to_bytes(size, "little" if order == "<" else "big")
    return data[:at] + packed + data[at + size:], f"{value} in {size} bytes at {at}"


def _without(data: bytes, rng: Random) -> tuple[bytes, str]:
    at, count = _place(data, rng), rng.choice((1, 4, 100, 5000))
    return data[:at] + data[at + count:], f"{count} bytes left out at {at}"


def _twice(data: bytes, rng: Random) -> tuple[bytes, str]:
    at, count = _place(data, rng), rng.choice((1, 4, 100, 5000))
    return data[:at + count] + data[at:at + count] * rng.choice((1, 3)) + data[at + count:], f"{count} bytes repeated at {at}"


def _noise(data: bytes, rng: Random) -> tuple[bytes, str]:
    at, count = _place(data, rng), rng.choice((4, 16, 300))
    return data[:at] + rng.randbytes(count) + data[at + count:], f"{count} bytes of noise at {at}"


def _zeros(data: bytes, rng: Random) -> tuple[bytes, str]:
    at, count, value = _place(data, rng), rng.choice((4, 64, 3000)), rng.choice((0, 255))
    return data[:at] + bytes((value,)) * min(count, len(data) - at) + data[at + count:], f"{count} bytes of {value} at {at}"


def _longer(data: bytes, rng: Random) -> tuple[bytes, str]:
    return data + rng.randbytes(rng.choice((1, 50, 5000))), "something behind it"

