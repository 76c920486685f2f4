"""YAML 1.2 text as plain Python with positions, and every refusal of what could hurt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import SourceError
from simulator.sources.yaml_text import MAX_DEPTH, load_yaml

SCALARS: list[tuple[str, Any]] = [
    ("22:30", "22:30"),
    ("on", "on"),
    ("no", "no"),
    ("yes", "yes"),
    ("Off", "Off"),
    ("true", True),
    ("False", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("2024-01-31", "2024-01-31"),
    ("010", "010"),
    ("0", 0),
    ("-17", -17),
    ("0x1F", 31),
    ("0o17", 15),
    ("1_000", "1_000"),
    ("1.5", 1.5),
    ("1e3", 1000.0),
    ("10.0.0.4", "10.0.0.4"),
    ("10.0.0.0/8", "10.0.0.0/8"),
    ("00-0D-3A-00-00-01", "00-0D-3A-00-00-01"),
    ("fd00::1", "fd00::1"),
    ("'true'", "true"),
    ('"5"', "5"),
    ("!!str 5", "5"),
    ("=", "="),
    ("<<", "<<"),
    ("9" * 4400, "9" * 4400),
]


@pytest.mark.parametrize(("text", "value"), SCALARS, ids=[text[:12] for text, _ in SCALARS])
def test_scalars_follow_yaml_1_2(text: str, value: Any) -> None:
    held = load_yaml(f"key: {text}\n", "file.yaml").value["key"]
    assert (held, type(held)) == (value, type(value))


def test_places_point_at_values_and_keys() -> None:
    document = load_yaml("a:\n  - x\n  - {b: 1, c: [2, 3]}\n", "dir/file.yaml")
    assert document.value == {"a": ["x", {"b": 1, "c": [2, 3]}]}
    assert document.place(("a", 1, "c", 1)) == "dir/file.yaml:3:19"
    assert document.key_place(("a", 1, "c")) == "dir/file.yaml:3:12"
    assert document.place(("a", 1, "missing", "deeper")) == "dir/file.yaml:3:5"
    assert document.key_place(("a", 1, "missing")) == "dir/file.yaml:3:5"
    assert document.place() == "dir/file.yaml:1:1"


def test_aliases_share_their_value_and_its_place() -> None:
    document = load_yaml("a: &rules [1, 2]\nb: *rules\n", "f")
    assert document.value == {"a": [1, 2], "b": [1, 2]}
    assert document.place(("b", 1)) == "f:1:15"


REFUSED = [
    ("a: 1\na: 2\n", "VNS1008", "f:2:1"),
    ("a: 1\n---\nb: 2\n", "VNS1009", "f:2:1"),
    ("a: !!python/object:os.system x\n", "VNS1011", "f:1:4"),
    ("a: !secret x\n", "VNS1011", "f:1:4"),
    ("? [a]\n: 1\n", "VNS1011", "f:1:3"),
    ("a: &x [*x]\n", "VNS1011", "f:1:8"),
    ("a: *x\n", "VNS1011", "f:1:4"),
    ("a: [1, 2\n", "VNS1007", "f:2:1"),
    ("a: b: c\n", "VNS1007", "f:1:5"),
    ("\ta: 1\n", "VNS1007", "f:1:1"),
    ("a: \x07\n", "VNS1007", "f"),
    ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "VNS1004", f"f:1:{MAX_DEPTH + 1}"),
]


@pytest.mark.parametrize(("text", "code", "place"), REFUSED, ids=[text[:14] for text, *_ in REFUSED])
def test_what_is_refused_says_where(text: str, code: str, place: str) -> None:
    with pytest.raises(SourceError) as caught:
        load_yaml(text, "f")
    assert (caught.value.code, caught.value.place) == (code, place)


def test_billion_laughs_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(SourceError, match="aliases make this file larger") as caught:
        load_yaml("\n".join(lines), "f")
    assert caught.value.code == "VNS1010"


def test_aliases_cannot_nest_without_end() -> None:
    lines = ["- &a0 []"] + [f"- &a{n} [*a{n - 1}]" for n in range(1, 200)]
    with pytest.raises(SourceError) as caught:
        load_yaml("\n".join(lines), "f")
    assert caught.value.code == "VNS1010"


def test_an_empty_text_is_none() -> None:
    assert load_yaml("", "f").value is None
    assert load_yaml("# only a comment\n", "f").value is None


@given(st.text(alphabet="ab:-[]{}&*!?|>'\"#%@`, \n\t0x.~=<", max_size=80) | st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        document = load_yaml(text, "f")
    except SourceError as error:
        assert error.code.startswith("VNS1")
    else:
        assert document.place(("any", 0)).startswith("f:")
