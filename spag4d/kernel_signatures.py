"""Which kernels a conversion calls and with what types, so that they can be compiled ahead, by several processes at once.

The list is ``kernel_signatures.json``: for each kernel, as ``module:function``, lists of arguments. An argument is a number's
type such as ``int64``, an array's such as ``float32 2C`` (its dimensions, its layout, and ``r`` if it cannot be written to), or
a list for a tuple of them. ``python -m spag4d.warm_up --record`` writes it.
"""

import importlib
import json
from pathlib import Path
from typing import Any, cast

from spag4d.kernels import compiled_kernels

SIGNATURES_PATH = Path(__file__).with_suffix(".json")


def read_signatures() -> dict[str, list[list[Any]]]:
    """Return the list, in the order in which a conversion needs the kernels."""
    return json.loads(SIGNATURES_PATH.read_text(encoding="utf-8"))


def record_signatures() -> None:
    """Write the list anew, of all that this process has called."""
    found: dict[str, list[list[Any]]] = {}
    for one in compiled_kernels():
        for signature in one.signatures:
            found.setdefault(one.place, []).append([_described(type_) for type_ in signature])
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(signatures)}" for name, signatures in found.items())
    SIGNATURES_PATH.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def compile_listed(name: str, signatures: list[list[Any]]) -> None:
    """Compile one kernel of the list for the types given."""
    module, function = name.split(":")
    for arguments in signatures:
        getattr(importlib.import_module(module), function).compile(tuple(_type(argument) for argument in arguments))


def _described(type_: Any) -> Any:
    from numba import types

    if isinstance(type_, types.Array):
        return f"{type_.dtype} {type_.ndim}{type_.layout}" + ("" if type_.mutable else "r")
    return [_described(part) for part in cast(Any, type_)] if isinstance(type_, types.BaseTuple) else str(type_)


def _type(described: Any) -> Any:
    from numba import types

    if not isinstance(described, str):
        return types.BaseTuple.from_types([_type(part) for part in described])
    name, _, shape = described.partition(" ")
    scalar = getattr(types, "boolean" if name == "bool" else name)
    return types.Array(scalar, int(shape[0]), shape[1], readonly=shape.endswith("r")) if shape else scalar
