"""YAML text as plain Python with the position of every value, by the rules of YAML 1.2.

PyYAML resolves YAML 1.1, where ``22:30``, ``on``, ``no`` and ``010`` are not text. Here only libyaml's event stream is
used and scalars are resolved as the YAML 1.2 core schema says (numbers with leading zeros stay text: they are ids or
octets). Hostile text is bounded: depth, aliases, several documents, tags and repeated keys are errors with a position.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml
from msgspec import Struct, field

from simulator.errors import SourceError
from simulator.sources.problems import shorten

MAX_DEPTH = 60
MAX_NODES = 2_000_000

Path = tuple[Hashable, ...]

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})")
_RADIX = re.compile(r"0o[0-7]{1,30}|0x[0-9a-fA-F]{1,30}")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]{0,30})(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_SPECIAL: dict[str, Any] = (
    {text: None for text in ("", "~", "null", "Null", "NULL")}
    | {text: True for text in ("true", "True", "TRUE")}
    | {text: False for text in ("false", "False", "FALSE")}
)
_TEXT_TAGS = {"!", "tag:yaml.org,2002:str"}
_COLLECTION_TAGS = {"!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


class _Node(Struct):
    """One value with its position; `size` and `depth` measure what is below it, aliases counted at every use."""

    line: int
    column: int
    value: Any = None
    children: dict[Hashable, _Node] = field(default_factory=dict)
    keys: dict[Hashable, tuple[int, int]] = field(default_factory=dict)
    size: int = 1
    depth: int = 0


class Document(Struct, frozen=True):
    """One YAML document: `value` is plain Python (dict with text keys, list, str, int, float, bool, None)."""

    file: str
    value: Any
    _root: _Node

    def place(self, path: Path = ()) -> str:
        """``file:line:column`` of the value at `path` (keys and list positions), or of its nearest existing parent."""
        node = self._follow(path)[0]
        return f"{self.file}:{node.line}:{node.column}"

    def key_place(self, path: Path) -> str:
        """``file:line:column`` of the key that ends `path`; of the value where `path` does not end in a key."""
        parent, rest = self._follow(path[:-1])
        if not rest and path and path[-1] in parent.keys:
            line, column = parent.keys[path[-1]]
            return f"{self.file}:{line}:{column}"
        return self.place(path)

    def _follow(self, path: Path) -> tuple[_Node, Path]:
        """The node at `path`, or the nearest above it with the rest of the path.

        A list may stand for a mapping of which it is one value: the key of that value is nowhere in the file.
        """
        node = self._root
        for at, step in enumerate(path):
            if isinstance(node.value, list) and isinstance(step, str) and path[at + 1 :]:
                continue
            if step not in node.children:
                return node, path[at:]
            node = node.children[step]
        return node, ()


def load_yaml(text: str, file: str) -> Document:
    """The one YAML document in `text`; `file` is the name that positions carry.

    Raises SourceError VNS1004 and VNS1007 to VNS1011. An empty text is a document whose value is None.
    """
    composer = _Composer(file)
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for event in yaml.parse(text, Loader=loader):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        message = f"not YAML: {error.problem or error.context}"
        raise SourceError(message, code="VNS1007", place=place, hint=_SYNTAX_HINT) from None
    except (yaml.YAMLError, UnicodeError) as error:
        reason = getattr(error, "reason", "") or "a character that YAML does not allow"
        raise SourceError(f"not YAML: {reason}", code="VNS1007", place=file, hint="save the file as UTF-8") from None
    root = composer.root or _Node(1, 1)
    return Document(file, root.value, root)


_DEPTH_HINT = "no topology nests so deep: is this the file you meant?"
_SYNTAX_HINT = "indent with spaces, and put a text that holds ': ', '#' or brackets in quotes"


class _Composer:
    """Builds nodes from events with a stack of its own, so that no nesting can exhaust the interpreter's."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: _Node | None = None
        self.open: list[_Node] = []
        self.pending: list[str | None] = []  # of each open mapping, the key that waits for its value
        self.anchors: dict[str, _Node] = {}
        self.anchor_of: dict[int, str] = {}
        self.nodes = 0

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise self._error(event, "VNS1009", "a second YAML document", "write one document a file: remove the '---'")

    def _error(self, event: Any, code: str, message: str, hint: str = "") -> SourceError:
        mark = event.start_mark
        place = f"{self.file}:{mark.line + 1}:{mark.column + 1}"
        return SourceError(message, code=code, place=place, hint=hint)

    def _tag_error(self, event: Any, tagged: str) -> SourceError:
        return self._error(
            event, "VNS1011", f"the tag {shorten(event.tag)} is not read", f"write the {tagged} without it"
        )

    def _node(self, event: Any, value: Any) -> _Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self._error(event, "VNS1003", f"more than {MAX_NODES:,} values in one YAML file")
        return _Node(event.start_mark.line + 1, event.start_mark.column + 1, value)

    def _awaits_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and self.pending[-1] is None

    def _scalar(self, event: Any) -> None:
        if self._awaits_key():
            self._key(event)
            return
        node = self._node(event, self._resolve(event))
        if event.anchor:
            self.anchors[event.anchor] = node
        self._attach(event, node)

    def _resolve(self, event: Any) -> Any:
        text: str = event.value
        if event.tag in _TEXT_TAGS or (event.tag is None and not event.implicit[0]):
            return text
        if event.tag is not None:
            raise self._tag_error(event, "value")
        return plain_scalar(text)

    def _key(self, event: Any) -> None:
        mapping, key = self.open[-1], event.value
        if event.tag is not None and event.tag not in _TEXT_TAGS:
            raise self._tag_error(event, "key")
        if key in mapping.keys:
            line, column = mapping.keys[key]
            hint = f"it stands first at line {line}, column {column}; keep one of the two"
            raise self._error(event, "VNS1008", f"the key {shorten(key)} is given twice", hint)
        mapping.keys[key] = (event.start_mark.line + 1, event.start_mark.column + 1)
        self.pending[-1] = key

    def _start(self, event: Any) -> None:
        if self._awaits_key():
            raise self._error(
                event, "VNS1011", "a list or mapping as a key is not read", "keys are names: write plain text"
            )
        if event.tag is not None and event.tag not in _COLLECTION_TAGS:
            raise self._tag_error(event, "value")
        if len(self.open) >= MAX_DEPTH:
            raise self._error(event, "VNS1004", f"nested deeper than {MAX_DEPTH} levels", _DEPTH_HINT)
        node = self._node(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
        self.open.append(node)
        self.pending.append(None)
        if event.anchor:
            self.anchor_of[id(node)] = event.anchor
            self.anchors.pop(event.anchor, None)

    def _end(self) -> None:
        node = self.open.pop()
        self.pending.pop()
        node.size += sum(child.size for child in node.children.values())
        node.depth = 1 + max((child.depth for child in node.children.values()), default=0)
        anchor = self.anchor_of.pop(id(node), None)
        if anchor is not None:
            self.anchors[anchor] = node
        self._attach(None, node)

    def _alias(self, event: Any) -> None:
        node = self.anchors.get(event.anchor)
        if node is None:
            raise self._error(
                event, "VNS1011", f"the alias *{event.anchor} has no finished anchor &{event.anchor} before it"
            )
        if self._awaits_key():
            raise self._error(event, "VNS1011", "an alias as a key is not read", "write the key out")
        if len(self.open) + node.depth > MAX_DEPTH:
            raise self._error(event, "VNS1010", f"the alias *{event.anchor} nests deeper than {MAX_DEPTH} levels")
        self.nodes += node.size
        if self.nodes > MAX_NODES:
            raise self._error(event, "VNS1010", f"aliases make this file larger than {MAX_NODES:,} values")
        self._attach(event, node)

    def _attach(self, event: Any, node: _Node) -> None:
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent.value, list):
            parent.children[len(parent.value)] = node
            parent.value.append(node.value)
        else:
            key = self.pending[-1]
            parent.children[key] = node
            parent.value[key] = node.value
            self.pending[-1] = None


def plain_scalar(text: str) -> Any:
    """An unquoted scalar by the YAML 1.2 core schema; numbers with leading zeros, dates and ``22:30`` stay text."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _RADIX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
