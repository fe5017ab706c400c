"""Files of scenes that move, put together by hand from the descriptions of their formats."""

import json
import struct
from pathlib import Path

import numpy as np

SPACETIME = ("x", "y", "z", "trbf_center", "trbf_scale", "nx", "ny", "nz", *(f"motion_{number}" for number in range(9)),
             "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3",
             "omega_0", "omega_1", "omega_2", "omega_3")
"""In the order in which the trainer writes them."""


def spacetime_rows(count: int = 40) -> dict[str, np.ndarray]:
    """Gaussians that fly in curves about the capture point, and turn."""
    rng = np.random.default_rng(5)
    rows = {name: rng.normal(size=count) for name in SPACETIME}
    for number in range(3):
        rows[f"f_dc_{number}"], rows[f"scale_{number}"] = rng.random(count), rng.uniform(-2.5, -1.5, count)
    rows["trbf_center"], rows["trbf_scale"] = rng.random(count), np.log(rng.uniform(0.05, 1, count))
    for name in ("rot_0", "rot_1", "rot_2", "rot_3"):
        rows[name] *= 2  # the trainer does not normalise them
    return {name: values.astype(np.float32) for name, values in rows.items()}


def write_ply_of(path: Path, rows: dict[str, np.ndarray], comments: tuple[str, ...] = ()) -> None:
    count = len(rows["x"])
    lines = ["ply", "format binary_little_endian 1.0", *(f"comment {comment}" for comment in comments),
             f"element vertex {count}", *(f"property float {name}" for name in rows), "end_header", ""]
    path.write_bytes("\n".join(lines).encode() + np.column_stack(list(rows.values())).astype("<f4").tobytes())


def write_splatv_of(path: Path, rows: dict[str, np.ndarray]) -> None:
    """Write what splaTV makes of such a PLY, after another chunk that a reader has to skip."""
    half = [*(f"rot_{number}" for number in range(4)), *(f"scale_{number}" for number in range(3))]
    words = []
    for place in range(len(rows["x"])):
        row = {name: float(values[place]) for name, values in rows.items()}
        row |= {name: float(np.exp(row[name])) for name in (*half[4:], "trbf_scale")}
        opacity = 1 / (1 + np.exp(-row["opacity"]))
        words.append(struct.pack("<3f8e", row["x"], row["y"], row["z"], *(row[name] for name in half), 0.0) + bytes(
            [*(int(255 * np.clip(row[f"f_dc_{number}"], 0, 1)) for number in range(3)), int(255 * opacity)]) + struct.pack(
            "<10e4e2e", *(row[f"motion_{number}"] for number in range(9)), 0.0,
            *(row[f"omega_{number}"] for number in range(4)), row["trbf_center"], row["trbf_scale"]))
    data = b"".join(words).ljust(64 * 1024, b"\0")
    contents = json.dumps([{"type": "note", "size": 5},
                           {"type": "splat", "size": len(data), "texwidth": 4096, "texheight": 1, "cameras": [{"fx": 1.5}]}])
    path.write_bytes(struct.pack("<II", 0x674B, len(contents)) + contents.encode() + b"notes" + data)


def moment(rows: dict[str, np.ndarray], place: int, time: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Where one of the Gaussians is at a time, its rotation and its opacity, as the trainer draws it."""
    row = {name: float(values[place]) for name, values in rows.items()}
    dt = time - row["trbf_center"]
    mean = [row[axis] + sum(row[f"motion_{3 * power + number}"] * dt ** (power + 1) for power in range(3))
            for number, axis in enumerate("xyz")]
    quat = np.array([row[f"rot_{number}"] + row[f"omega_{number}"] * dt for number in range(4)])
    fade = np.exp(-(dt / np.exp(row["trbf_scale"])) ** 2)
    return np.array(mean), quat / np.linalg.norm(quat), fade / (1 + np.exp(-row["opacity"]))
