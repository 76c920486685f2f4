"""The rooms lie in one order, and each imports only from itself and from the rooms above it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "simulator"
#: From the top down. `simulator/__init__.py` and the command line may import all of them.
ROOMS = (
    *("errors", "extras", "space", "azure", "data", "sources", "network", "dataplane", "walk", "lints"),
    *("flows", "cost", "comparison", "whatif", "report", "lessons", "cli"),
)


def room_of(module: str) -> str:
    return module.split(".")[1]


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(module, imported name) of every import of our own; `from simulator import space` names the room itself."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.startswith("simulator."))
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: write the whole path of an import"
            if node.module == "simulator":
                yield from ((f"simulator.{alias.name}", "") for alias in node.names)
            elif (node.module or "").startswith("simulator."):
                yield from ((str(node.module), alias.name) for alias in node.names)


def offences(path: Path) -> Iterator[str]:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module, name in imports(path):
        room = room_of(module)
        if room not in ROOMS[: ROOMS.index(own) + 1]:
            yield f"{path.name} ({own}) imports {module}: {room} is not above {own}"
        if room != own and any(part.startswith("_") for part in [*module.split("."), name]):
            yield f"{path.name} ({own}) imports {module} {name}: private to {room}"


def test_every_folder_and_module_has_its_place_in_the_order() -> None:
    found = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")}
    assert found <= {*ROOMS, "__init__", "__main__"}


def test_rooms_import_only_from_rooms_above() -> None:
    rooms = (path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE or path.stem in ROOMS)
    assert [offence for path in rooms for offence in offences(path)] == []
