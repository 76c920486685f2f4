"""Atoms: every address lies in one, and an atom never straddles a prefix it was made from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.dataplane.atoms import Atoms
from simulator.space.addresses import MAPPED, Prefix, parse_prefix
from simulator.walk.packets import Addresses

ADDRESSES = st.one_of(
    st.integers(MAPPED, MAPPED + 0xFFFFFFFF),
    st.integers(0, (1 << 128) - 1),
    st.sampled_from([0, MAPPED - 1, MAPPED, MAPPED + 0xFFFFFFFF, MAPPED + (1 << 32), (1 << 128) - 1, 0xFD << 120]),
)


@st.composite
def prefixes(draw: st.DrawFn) -> Prefix:
    """Prefixes of either family, the whole of it included."""
    address = draw(ADDRESSES)
    if address >> 32 == 0xFFFF:
        bits = draw(st.integers(0, 32))
        low = MAPPED + ((address - MAPPED) >> bits << bits)
    else:
        bits = draw(st.integers(0, 128))
        low = address >> bits << bits
    return Prefix(low, low + (1 << bits) - 1)


@given(st.lists(prefixes(), max_size=12), st.lists(ADDRESSES, min_size=1, max_size=30))
def test_an_address_is_in_a_prefix_when_its_atom_is(made_from: list[Prefix], addresses: list[int]) -> None:
    atoms = Atoms(made_from)
    edges = [edge for prefix in made_from for edge in (prefix.low, prefix.high)]
    asked = [*addresses, *edges]
    found = atoms.find(Addresses.of(asked).high, Addresses.of(asked).low)
    for prefix in made_from:
        runs = atoms.interval(prefix)
        for address, atom in zip(asked, found.tolist(), strict=True):
            same_family = (address >> 32 == 0xFFFF) == prefix.is_ipv4 or prefix.is_ipv4
            inside = prefix.low <= address <= prefix.high and same_family
            assert any(low <= atom < stop for low, stop in runs) == inside


def test_all_of_ipv6_holds_no_ipv4_address() -> None:
    atoms = Atoms([parse_prefix("::/0"), parse_prefix("10.0.0.0/8")])
    atom = atoms.of(MAPPED + (10 << 24))
    assert not any(low <= atom < stop for low, stop in atoms.interval(parse_prefix("::/0")))
    assert len(atoms) == len(atoms.points)
