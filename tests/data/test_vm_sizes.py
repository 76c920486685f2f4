"""Sizes are supported as Microsoft's list says, and a size that it does not speak of is not guessed."""

from __future__ import annotations

import re
from datetime import date

import pytest

from simulator.data import vm_sizes
from simulator.data.vm_sizes import all_series, is_confidential, series_of, supports_encryption


def sizes(text: str) -> list[str]:
    return text.split()


SUPPORTED = sizes("""
    D2_v4 D2s_v4 D2d_v4 D2ds_v4 D2a_v4 D2as_v4 E2_v4 E2s_v4 E2d_v4 E2ds_v4 E2a_v4 E2as_v4 E4-2s_v4 E80ids_v4 E96ias_v4
    D2_v5 D2s_v5 D2d_v5 D2ds_v5 D2ls_v5 D2lds_v5 D2as_v5 D2ads_v5 D2ps_v5 D2plds_v5 E2bds_v5 E104is_v5 E4-2ads_v5
    D2as_v6 D2ads_v6 D2als_v6 D2alds_v6 D2s_v6 D2ps_v6 D2pls_v6 E2as_v6 E2ads_v6 E2ps_v6 D2as_v7 E128-64ds_v6 D4_v10
    M208ms_v2 M416s_v2 M416-208ms_v2 M416s_8_v2 M416is_v2 M32ms_v2 M64s_v2 M192idms_v2 M192is_v2
    M12s_v3 M24ds_v3 M48s_1_v3 M96ds_2_v3 M176s_3_v3 M176ds_4_v3
    L8s_v3 L80s_v3 F2als_v6 F2ams_v6 F64as_v6 NC40ads_H100_v5 NC80adis_H100_v5
    ND128isr_NDR_GB200_v6 ND128isr_GB300_v6
""")
NOT_SUPPORTED = sizes("""
    A2_v2 A2m_v2 A8 B1ls B2ms B2ts_v2 B2pls_v2 D1 D14 DS14 D2_v2 DS1_v2 DS11-1_v2 D11_v2_Promo D15i_v2 D2_v3 D32-8s_v3
    E2_v3 E64is_v3 F2 F16s F72s_v2 FX4mds FX96-24ms_v2 G5 GS5-16 H16mr HB120rs_v3 HC44rs HX176-24rs
    L8s_v2 L8as_v3 L2aos_v4 M64 M64ms M64ls M32ts M8-2ms
    M416s_6_v3 M832ids_16_v3 M16bs_v3 M128-64bds_3_v3 M896ixds_32_v3
    NC6_Promo NC24ads_A100_v4 NC4as_T4_v3 ND96isr_H100_v5 ND96isr_MI300X_v5 ND40rs_v2 NV12s_v3 NV36ads_A10_v5 NP10s
""")
CONFIDENTIAL = [
    "DC2s",
    "DC1s_v2",
    "DC2as_v5",
    "DC4ads_cc_v5",
    "DC2es_v6",
    "EC2as_v5",
    "EC128ieds_v5",
    "NCC40ads_H100_v5",
]
UNKNOWN = [
    "",
    "Standard_",
    "D2s_v1",
    "D2x_v4",
    "L8s_v5",
    "F2as_v7",
    "M12s_v4",
    "HB368rs_v5",
    "NC24_v6",
    "X8s_v2",
    "[v]",
]


@pytest.mark.parametrize("size", SUPPORTED)
def test_a_size_of_the_list_is_supported(size: str) -> None:
    spellings = (size, f"Standard_{size}", f"standard_{size.lower()}", f" STANDARD_{size.upper()} ")
    assert [supports_encryption(text) for text in spellings] == [True] * 4


@pytest.mark.parametrize("size", [*NOT_SUPPORTED, *CONFIDENTIAL, "Basic_A0"])
def test_a_size_of_a_series_that_the_list_leaves_out_is_not(size: str) -> None:
    assert supports_encryption(size) is False
    assert supports_encryption(f"Standard_{size}".replace("Standard_Basic_", "Basic_")) is False


@pytest.mark.parametrize("size", UNKNOWN)
def test_any_other_size_is_not_known(size: str) -> None:
    assert supports_encryption(size) is None
    assert not is_confidential(size)


def test_confidential_sizes_are_known() -> None:
    assert all(map(is_confidential, CONFIDENTIAL))
    assert not any(map(is_confidential, [*SUPPORTED, *NOT_SUPPORTED]))


def test_every_line_of_the_file_is_met_and_reads() -> None:
    met = {series_of(size) for size in [*SUPPORTED, *NOT_SUPPORTED, *CONFIDENTIAL]}
    assert met == set(all_series())
    assert {held.supported for held in all_series()} == {"yes", "no", "confidential"}
    assert all(re.compile(held.pattern) and held.series for held in all_series())


def test_the_file_says_where_it_comes_from() -> None:
    assert date.fromisoformat(vm_sizes.DATE) < date(2027, 1, 1)
    assert "virtual-network-encryption-overview" in vm_sizes.SOURCE
