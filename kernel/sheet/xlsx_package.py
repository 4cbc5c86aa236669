"""Opens the parts of an untrusted .xlsx one after the other, counting what they unpack to; follows no link, macro or entity.

Imports the standard library only: a child that starts without site packages is up in 25 ms.
"""

import posixpath
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.parsers import expat

_CHUNK = 65_536

Attributes = dict[str, str]


class Refuse(Exception):
    """The file is not to be read; `slug` is the name of a FileRefused."""

    def __init__(self, slug: str, **parameters: Any) -> None:
        super().__init__(slug)
        self.slug = slug
        self.parameters = parameters


class Part:
    """What is done at the start and end of each element of one XML part; `text` gathers the text of the element that asked for it."""

    def __init__(self) -> None:
        self._pieces: list[str] | None = None

    def start(self, name: str, attributes: Attributes) -> None: ...

    def end(self, name: str) -> None: ...

    def gather(self) -> None:
        self._pieces = []

    def add(self, text: str) -> None:
        if self._pieces is not None:
            self._pieces.append(text)

    def gathered(self) -> str:
        text = "".join(self._pieces or ())
        self._pieces = None
        return text


class Package:
    """An open archive whose unpacked bytes are counted as they come, whatever its table of contents says."""

    def __init__(self, archive: zipfile.ZipFile, limits: Mapping[str, Any]) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}
        self._left = int(limits["unpacked_bytes"])
        self._part_bytes = int(limits["part_bytes"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __contains__(self, path: str) -> bool:
        return path.lower() in self._names

    def chunks(self, path: str) -> Iterator[bytes]:
        left = self._part_bytes
        with self._archive.open(self._names[path.lower()]) as stream:
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)
                self._left -= len(chunk)
                if left < 0 or self._left < 0:
                    raise Refuse("unpacks-too-large")
                yield chunk

    def scan(self, path: str, part: Part) -> None:
        """Feed a part to `part`, its names without their namespaces."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_doctype
        parser.StartElementHandler = _start_of(part)
        parser.EndElementHandler = lambda name: part.end(name.rpartition(" ")[2])
        parser.CharacterDataHandler = part.add
        for chunk in self.chunks(path):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)


def _no_doctype(*_: object) -> None:
    raise Refuse("holds-xml-entity")


def _start_of(part: Part) -> Callable[[str, Attributes], None]:
    def start(name: str, attributes: Attributes) -> None:
        part.start(name.rpartition(" ")[2], attributes)

    return start


def attribute(attributes: Attributes, name: str) -> str:
    """The attribute of that local name, whichever of the two namespaces of the format (transitional, strict) it is in."""
    return next((value for key, value in attributes.items() if key.rpartition(" ")[2] == name), "")


class Relations(Part):
    """rId → (kind, target). A target outside of the file is refused, except a mere hyperlink, which nobody follows."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if name != "Relationship":
            return
        kind = attributes.get("Type", "").rpartition("/")[2]
        if kind in ("vbaProject", "xlMacrosheet", "xlIntlMacrosheet"):
            raise Refuse("holds-macro")
        if attributes.get("TargetMode") == "External":
            if kind != "hyperlink":
                raise Refuse("holds-external-link")
            return
        target = posixpath.normpath(posixpath.join("/" + self._folder, attributes.get("Target", ""))).lstrip("/")
        self.found[attributes.get("Id", "")] = (kind, target)


class ContentTypes(Part):
    def start(self, name: str, attributes: Attributes) -> None:
        if "macroEnabled" in attributes.get("ContentType", "") or "vbaProject" in attributes.get("ContentType", ""):
            raise Refuse("holds-macro")
