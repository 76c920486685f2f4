"""The addresses of a service tag.

Learn: azure/virtual-network/service-tags-overview
"""

from __future__ import annotations

from simulator.report.document import Line, Report, Table
from simulator.report.text import counted
from simulator.space.addresses import Prefix, as_cidrs


def tag_report(name: str, prefixes: tuple[Prefix, ...], *, subnet: str | None = None) -> Report:
    """`subnet` is where the tag is read, for the tags that mean something else on every subnet."""
    texts = as_cidrs(prefixes)
    place = f" on {subnet}" if subnet else ""
    table = Table(("Prefix",), tuple((text,) for text in texts))
    return Report(
        kind="service_tag",
        headline=Line(f"{name}{place}: {counted(len(texts), 'prefix', 'prefixes')}", "strong"),
        blocks=(table,),
        records=lambda: table,
        data=lambda: {"name": name, "subnet": subnet, "prefixes": texts},
    )
