"""The service tag snapshot says what Microsoft's file says, under every name a region has."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from simulator.data import regions, service_tags
from simulator.data.build_service_tags import build, texts
from simulator.space.addresses import Prefix, as_cidrs, merge, parse_address, parse_prefix


@pytest.fixture(scope="module")
def published(shared: Path) -> Path:
    """Microsoft's file, as it was published."""
    return shared / "data" / "service-tags" / "ServiceTags_Public.json.gz"


@pytest.fixture(scope="module")
def document(published: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(gzip.decompress(published.read_bytes()))
    return content


def test_every_tag_is_microsofts(document: dict[str, Any]) -> None:
    tags = {tag["name"]: tag["properties"] for tag in document["values"]}
    assert service_tags.names() == tuple(sorted(tags))
    for name, properties in tags.items():
        assert service_tags.lookup(name) == merge(map(parse_prefix, properties["addressPrefixes"])), name
        assert set(service_tags.features(name) or ()) == set(properties["networkFeatures"] or ()), name


def test_a_regional_tag_is_found_under_each_name_of_its_region(document: dict[str, Any]) -> None:
    for tag in document["values"]:
        service, _, place = tag["name"].partition(".")
        region = regions.find(place)
        for spelling in region or ():
            assert service_tags.lookup(f"{service}.{spelling}".upper()) == service_tags.lookup(tag["name"])


def test_every_region_of_the_file_has_a_row(document: dict[str, Any]) -> None:
    held = {tag["properties"]["region"] for tag in document["values"]} - {""}
    assert [name for name in sorted(held) if regions.find(name) is None] == []


def test_the_snapshot_is_what_the_builder_writes(published: Path, document: dict[str, Any], tmp_path: Path) -> None:
    def held(archive: Path) -> dict[str, str]:
        with zipfile.ZipFile(archive) as opened:
            return {name.removesuffix(".txt"): opened.read(name).decode() for name in opened.namelist()}

    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    build(published, first)
    build(published, second)
    assert first.read_bytes() == second.read_bytes()
    assert held(first) == held(service_tags.ARCHIVE) == texts(document)


def test_the_snapshot_names_its_source_and_date() -> None:
    with zipfile.ZipFile(service_tags.ARCHIVE) as archive:
        about = archive.read("about.txt").decode()
    assert about == f"source: {service_tags.SOURCE}\ndate: {service_tags.DATE}\n"


def test_how_many_tags_there_are() -> None:
    assert len(service_tags.names()) == 2968


def test_a_pinned_tag() -> None:
    assert as_cidrs(service_tags.lookup("AzureKeyVault.NorwayEast") or ()) == [
        "51.120.98.8/30",
        "51.120.110.192/30",
        "51.120.214.128/30",
        "51.120.233.132/30",
        "51.120.234.128/29",
        "2603:1020:e04::340/125",
        "2603:1020:e04:1::104/126",
        "2603:1020:e04:1::108/125",
        "2603:1020:e04:402::80/125",
        "2603:1020:e04:802::80/125",
        "2603:1020:e04:c02::80/125",
    ]


@pytest.mark.parametrize(
    ("name", "address", "is_inside"),
    [
        ("Storage", "20.60.0.1", True),
        ("Storage.WestEurope", "20.60.0.1", False),
        ("AzureCloud", "8.8.8.8", False),
        ("AzureActiveDirectory", "20.190.128.1", True),
    ],
)
def test_a_pinned_address(name: str, address: str, is_inside: bool) -> None:
    value = parse_address(address)
    assert any(part.low <= value <= part.high for part in service_tags.lookup(name) or ()) == is_inside


@pytest.mark.parametrize(
    "name",
    ["AzureCloud.FranceCentral", "azurecloud.centralfrance", "AZURECLOUD.CENTRALFRANCE", " AzureCloud.francecentral "],
)
def test_the_spellings_of_a_regional_tag(name: str) -> None:
    assert parse_prefix("4.176.0.0/16") in (service_tags.lookup(name) or ())
    assert service_tags.features(name) == ("API", "NSG")


@pytest.mark.parametrize(
    "name",
    ["", ".", "Storage.", ".WestEurope", "Storage.Nowhere", "Storage.WestEurope.x", "NoSuchTag", "Storage WestEurope",
     "VirtualNetwork", "Internet", "AzureLoadBalancer", "about", "tags", "../service_tags"],
)  # fmt: skip
def test_what_is_no_named_tag_is_unknown_and_not_empty(name: str) -> None:
    assert service_tags.lookup(name) is None
    assert service_tags.features(name) is None


def test_the_tags_that_back_service_endpoints() -> None:
    held = [name for name in service_tags.names() if "VSE" in (service_tags.features(name) or ())]
    assert held == ["AppService", "AzureActiveDirectory", "AzureContainerRegistry", "AzureCosmosDB", "AzureKeyVault",
                    "EventHub", "ServiceBus", "Sql", "Storage"]  # fmt: skip


def test_azure_cloud_is_no_superset_of_the_other_tags() -> None:
    """SEMANTICS pitfall: a rule about AzureCloud does not speak for all of Storage."""
    azure_cloud = service_tags.lookup("AzureCloud") or ()
    outside = [one for one in service_tags.lookup("Storage") or () if not any(part.covers(one) for part in azure_cloud)]
    assert outside


def test_intervals_survive_the_archive() -> None:
    intervals = (Prefix(0, 0), Prefix(7, 9), parse_prefix("10.0.0.0/8"), parse_prefix("2603:1000::/24"))
    assert service_tags.decode_intervals(service_tags.encode_intervals(intervals)) == intervals


def test_importing_the_module_opens_no_archive() -> None:
    code = "import zipfile; del zipfile.ZipFile; from simulator.data import service_tags"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[2], check=True)
