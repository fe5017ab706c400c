"""Honest scenes in every format that is read."""

import base64
import gzip
import io
import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import zstandard

from spag4d.data import SH_COUNTS, Gaussians, Moving
from spag4d.formats import FORMATS
from spag4d.formats.gltf import GltfFile
from spag4d.formats.moving import Timeline, write_moving
from spag4d.formats.scene import write_scene

COUNT = 300
_SPZ_HEADER = struct.Struct("<4sIIBBBB")


def gaussians(sh_degree: int = 0) -> Gaussians:
    """Return a few Gaussians around the capture point."""
    rng = np.random.default_rng(0)
    quats = rng.standard_normal((COUNT, 4))
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    means = rng.standard_normal((COUNT, 3))
    means *= rng.uniform(1, 5, (COUNT, 1)) / np.linalg.norm(means, axis=1, keepdims=True)
    sh = rng.uniform(-0.4, 0.4, (COUNT, SH_COUNTS[sh_degree], 3)).astype(np.float32) if sh_degree else None
    return Gaussians(means.astype(np.float32), np.exp(rng.normal(-2, 0.5, (COUNT, 3))).astype(np.float32),
                     quats.astype(np.float32), rng.uniform(0.1, 0.99, COUNT).astype(np.float32),
                     rng.random((COUNT, 3), np.float32), sh)


def scenes(folder: Path) -> Iterator[dict[str, bytes]]:
    """Yield scenes as files by name, of which the first is the one to be named; ``folder`` is for making them."""
    written = {}
    for format in FORMATS:
        for degree in (0, 2):
            path = folder / f"scene{degree}.{format}"
            write_scene(path, gaussians(degree), format, comments=["SPAG-4D", "made for the fuzzer"])
            written[path.name] = path.read_bytes()
    yield from ({name: data} for name, data in written.items())
    yield {"text.ply": _as_text(written["scene0.ply"])}
    yield {"scene.ksplat": _ksplat()}
    yield {"streams.spz": _streams(gzip.decompress(written["scene2.spz"]))}
    yield {"unpacked.spz": gzip.decompress(written["scene0.spz"])}
    yield {"scene.ply.gz": gzip.compress(written["scene0.ply"])}
    yield {"scene.zip": _zipped("a scene.ply", written["scene0.ply"])}
    with zipfile.ZipFile(io.BytesIO(written["scene2.sog"])) as archive:
        yield {"meta.json": archive.read("meta.json")} | {name: archive.read(name) for name in archive.namelist()}
    yield from _gltf(folder / "scene2.glb")


def moving_scenes(folder: Path) -> Iterator[dict[str, bytes]]:
    """Yield scenes that move, as `scenes` does still ones."""
    rng = np.random.default_rng(1)
    some = gaussians()
    fading = Moving(some, rng.standard_normal((COUNT, 3)).astype(np.float32), rng.random(COUNT), rng.uniform(0.2, 1, COUNT),
                    np.tile([[0.0, 1.0]], (COUNT, 1)))
    for name in ("scene.4dgs", "scene.ftgs.ply"):
        write_moving(folder / name, Timeline(1.0, 10.0), [Moving.still(some, 0.0, 1.0), fading], comments=["for the fuzzer"])
        yield {name: (folder / name).read_bytes()}
    motion = rng.standard_normal((COUNT, 13)).astype(np.float32)
    times = np.column_stack([fading.centers_s, fading.sigmas_s]).astype(np.float32)
    names = (*"xyz", "trbf_center", "trbf_scale", *(f"motion_{n}" for n in range(9)), *(f"f_dc_{n}" for n in range(3)),
             "opacity", *(f"scale_{n}" for n in range(3)), *(f"rot_{n}" for n in range(4)), *(f"omega_{n}" for n in range(4)))
    rows = np.column_stack([some.means, times, motion[:, :9], some.colors, some.opacities, np.log(some.scales), some.quats_wxyz,
                            motion[:, 9:]])
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {COUNT}", *(f"property float {name}" for name in names)]
    yield {"trained.ply": "\n".join([*lines, "end_header", ""]).encode() + rows.astype("<f4").tobytes()}
    none = np.zeros((COUNT, 1), np.float32)
    halves = (np.column_stack([some.quats_wxyz, some.scales, none]),
              np.column_stack([motion[:, :9], none, motion[:, 9:], times]))
    before, after = (half.astype("<f2").view(np.uint8) for half in halves)
    rgba = np.rint(np.column_stack([some.colors, some.opacities]) * 255).astype(np.uint8)
    data = np.column_stack([some.means.view(np.uint8), before, rgba, after]).tobytes()
    contents = json.dumps([{"type": "splat", "size": len(data), "texwidth": 4096, "texheight": 1, "cameras": []}]).encode()
    yield {"scene.splatv": struct.pack("<II", 0x674B, len(contents)) + contents + data}


def _zipped(name: str, data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return packed.getvalue()


def _as_text(ply: bytes) -> bytes:
    head, end, rest = ply.partition(b"end_header\n")
    rows = np.frombuffer(rest, "<f4").reshape(COUNT, -1)
    lines = "".join(" ".join(f"{value:.6g}" for value in row) + "\n" for row in rows)
    return head.replace(b"binary_little_endian", b"ascii") + end + lines.encode()


def _streams(spz: bytes) -> bytes:
    """Return a scene of .spz's version 3 as one of version 4: a header of 32 bytes, a table of sizes, streams of zstd."""
    magic, _, count, degree, bits, flags, _ = _SPZ_HEADER.unpack_from(spz)
    blocks, at = [], _SPZ_HEADER.size
    for width in (9, 1, 3, 3, 4, 3 * SH_COUNTS[degree]):
        blocks.append(spz[at:at + count * width])
        at += count * width
    packed = [zstandard.ZstdCompressor().compress(block) for block in blocks]
    table = b"".join(struct.pack("<QQ", len(small), len(block)) for small, block in zip(packed, blocks, strict=True))
    header = _SPZ_HEADER.pack(magic, 4, count, degree, bits, flags, len(blocks)) + struct.pack("<I", 32)
    return header.ljust(32, b"\0") + table + b"".join(packed)


def _ksplat() -> bytes:
    """Return one section of plain numbers."""
    scene = gaussians()
    head = struct.pack("<BB2xIIIIHH12xff", 0, 1, 1, 1, COUNT, COUNT, 0, 0, 0, 0)
    section = struct.pack("<IIIIfH2xI4xIIH", COUNT, COUNT, 256, 0, 5.0, 0, 0, 0, 0, 0)
    rgba = np.rint(np.column_stack([scene.colors, scene.opacities]) * 255).astype(np.uint8)
    rows = np.column_stack([scene.means, scene.scales, scene.quats_wxyz]).astype("<f4").view(np.uint8).reshape(COUNT, -1)
    return head.ljust(4096, b"\0") + section.ljust(1024, b"\0") + np.column_stack([rows, rgba]).tobytes()


def _gltf(glb: Path) -> Iterator[dict[str, bytes]]:
    data = glb.read_bytes()
    size, = struct.unpack_from("<I", data, 12)
    document, binary = json.loads(data[20:20 + size]), data[28 + size:]
    assert len(GltfFile(glb).document.buffers) == 1
    document["buffers"][0]["uri"] = "scene.bin"
    yield {"scene.gltf": json.dumps(document).encode(), "scene.bin": binary}
    document["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(binary).decode()
    yield {"inside.gltf": json.dumps(document).encode()}
