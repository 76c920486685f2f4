"""Write the service tag snapshot that the package ships: ``python -m simulator.data.build_service_tags FILE OUT``.

FILE is Microsoft's ``ServiceTags_Public.json``, also gzipped. After a new FILE, mend DATE and SOURCE in
`simulator.data.service_tags`, which describes the format of OUT. Equal input gives equal bytes.
"""

from __future__ import annotations

import gzip
import json
import sys
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.data.service_tags import DATE, FEATURES, SOURCE, encode_intervals, service_of
from simulator.space.addresses import merge, parse_prefix


def build(source: Path, out: Path) -> None:
    """Write the snapshot of the tags in `source` to `out`."""
    content = source.read_bytes()
    document = json.loads(gzip.decompress(content) if source.suffix == ".gz" else content)
    with zipfile.ZipFile(out, "w") as archive:
        for member, text in sorted(texts(document).items()):
            # A fixed moment and system in every entry: the bytes depend on the tags alone.
            entry = zipfile.ZipInfo(f"{member}.txt", (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED, 9)


def texts(document: Mapping[str, Any]) -> dict[str, str]:
    """Every text of the snapshot by its member name."""
    tags = {tag["name"]: tag["properties"] for tag in document["values"]}
    services: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(tags):
        intervals = merge(parse_prefix(prefix) for prefix in tags[name]["addressPrefixes"])
        services[service_of(name)].append(f"{name.lower()} {encode_intervals(intervals)}")
    features = {name: [f for f in FEATURES if f in (tags[name]["networkFeatures"] or ())] for name in sorted(tags)}
    members = {f"services/{service}": _lines(lines) for service, lines in services.items()}
    return members | {
        "about": _lines([f"source: {SOURCE}", f"date: {DATE}"]),
        "tags": _lines([f"{name}\t{' '.join(held)}" for name, held in features.items()]),
    }


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m simulator.data.build_service_tags FILE OUT")
    build(Path(sys.argv[1]), Path(sys.argv[2]))
