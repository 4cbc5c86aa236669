"""Every stored shape ever shipped, as a file: `python -m tests.contracts.stored` adds those of new shapes, and touches no other."""

from pathlib import Path

from tests.contracts.services import STORED, sample_event, types_of

FOLDER = Path(__file__).parent / "stored"


def fixture_of(service: str, name: str, version: int) -> Path:
    return FOLDER / service / f"{name}.v{version}.json"


def add_missing() -> list[Path]:
    added = []
    for service, name in STORED:
        types = types_of(service)
        file = fixture_of(service, name, types.by_name[name].VERSION)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(types.encode(sample_event(service, name)) + b"\n")
            added.append(file)
    return added


if __name__ == "__main__":
    for file in add_missing():
        print("added", file.relative_to(FOLDER))
