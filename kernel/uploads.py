"""A file that a form brings, read only after the route has judged who sends it. Knows no format."""

import hashlib
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from .errors import Malformed


@dataclass(frozen=True)
class Upload:
    """The file as it came. `digest` is its SHA-256, in hex."""

    name: str
    data: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


async def read_upload(request: Request) -> Upload:
    """The form's field `file`. Raises Malformed where there is none.

    A parameter of the route's own would be read before its permission is judged: up to the largest body, from anybody.
    """
    await request.body()  # kept by the request, so that an Idempotency-Key can be held against it
    async with request.form() as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Malformed("Cần gửi tệp Excel ở trường file", field="file")
        return Upload(file.filename or "", await file.read())


def described(what: str) -> dict[str, Any]:
    """The route's `openapi_extra`: a form with one file."""
    schema = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary", "description": what}}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
