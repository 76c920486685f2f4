"""Pages of the Azure Retail Prices API as it writes them, made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MGN = "Rtn Preference: MGN"
ISP = "Bandwidth - Routing Preference: Internet"
ZONE_1 = "9995d93a-7d35-4d3f-9c69-7a7fea447ef4"
EGRESS = ("Bandwidth", MGN, "Standard Data Transfer Out")
ZONE_1_TIERS = [(0, 0), (100, 0.087), (10335, 0.083), (51295, 0.07), (153695, 0.05), (512095, 0.05)]


def item(
    names: tuple[str, str, str] = EGRESS,
    price: float = 0.01,
    *,
    tier: float = 0,
    region: str = "westeurope",
    **said: Any,
) -> dict[str, Any]:
    """One row; `names` are service, product and meter. What `said` gives replaces a field, None leaves it out."""
    service, product, meter = names
    whole = {
        "currencyCode": "USD",
        "tierMinimumUnits": tier,
        "retailPrice": price,
        "unitPrice": price,
        "armRegionName": region,
        "location": "EU West" if region == "westeurope" else region,
        "effectiveStartDate": "2018-06-01T00:00:00Z",
        "meterId": "00000000-0000-0000-0000-000000000001",
        "meterName": meter,
        "productName": product,
        "skuName": "Standard",
        "serviceName": service,
        "serviceFamily": "Networking",
        "unitOfMeasure": "1 GB",
        "type": "Consumption",
        "isPrimaryMeterRegion": False,
        **said,
    }
    return {name: value for name, value in whole.items() if value is not None}


def tiered(
    tiers: Sequence[tuple[float, float]], names: tuple[str, str, str] = EGRESS, **said: Any
) -> list[dict[str, Any]]:
    return [item(names, price, tier=tier, **said) for tier, price in tiers]


def page(items: Sequence[Any], **said: Any) -> dict[str, Any]:
    whole = {
        "BillingCurrency": "USD",
        "CustomerEntityId": "Default",
        "CustomerEntityType": "Retail",
        "Items": list(items),
        "NextPageLink": None,
        "Count": len(items),
    }
    return {**whole, **said}


def save(folder: Path, documents: Mapping[str, Any]) -> list[Path]:
    """A file of each document; texts and bytes as they are."""
    for name, document in documents.items():
        data = document if isinstance(document, str | bytes) else json.dumps(document)
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return [folder / name for name in documents]
