"""JSON from foreign files: any deviation from the stated form is one clear error, never a surprise later."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from spag4d.errors import InputError


class Foreign(BaseModel):
    """Part of a foreign document: types as stated, numbers finite, anything else ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


class ForeignOrParsed(Foreign):
    """The same for documents that also come as parsed JSON, in which a tuple is a list."""

    model_config = ConfigDict(strict=False)


Document = TypeVar("Document", bound=BaseModel)


def validated(kind: type[Document], data: bytes, path: Path, name: str) -> Document:
    """Return the document ``name`` of a file at ``path``; raises `InputError` for JSON that is damaged, too deep or otherwise.

    The parser refuses more than 200 levels of nesting.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        where = f"'{place[:80]}' in its {name}" if place else f"its {name}"
        raise InputError(f"{path} is damaged, or of a different kind: {where} is malformed ({first['msg'][:200]}). "
                         "Copy or download it again.") from error
