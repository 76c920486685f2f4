"""Whether the platform lets TCP 25 out to the Internet.

Learn: azure/virtual-network/troubleshoot-outbound-smtp-connectivity
"""

from __future__ import annotations

import re

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Subscription
from simulator.network.memo import per_network
from simulator.network.model import Network

#: Offers whose subscriptions may send, in lower case and without punctuation or date.
_OPEN = frozenset({"ea", "enterprise", "enterpriseagreement", "mcae"})
#: Offers whose subscriptions may not, until Azure exempts one or ever.
_BLOCKED = frozenset(
    {
        *("payg", "payasyougo", "csp", "mpn", "bizspark", "bizsparkplus", "sponsorship", "sponsored"),
        *("msdn", "visualstudio", "pass", "azurepass", "azureinopen", "education", "students", "azureforstudents"),
        "freetrial",
    }
)

_PUNCTUATION_OR_DATE = re.compile(r"_?\d{4}-\d{2}-\d{2}|[^a-z0-9]")


@per_network
def smtp_verdict(network: Network, endpoint: ResourceId) -> str:
    """The reason code of TCP 25 that the endpoint sends straight to the Internet.

    `allow_smtp` says it outright for virtual machines, as Azure's exemption does; it never covers what an Azure
    Firewall sends on: there only the offer counts. An offer that is not declared, or not known, is unknown.
    """
    held = _subscription(network, endpoint.subscription)
    sender = network.endpoint(endpoint)
    if held.allow_smtp is not None and (sender is None or sender.kind != "firewall"):
        return "DELIVERED" if held.allow_smtp else "SMTP_BLOCKED"
    # A quota id, as exports have it, is the offer with a date: PayAsYouGo_2014-09-01.
    offer = _PUNCTUATION_OR_DATE.sub("", (held.offer or "").lower())
    if offer in _OPEN:
        return "DELIVERED"
    return "SMTP_BLOCKED" if offer in _BLOCKED else "SMTP_OFFER_UNKNOWN"


def _subscription(network: Network, subscription: str) -> Subscription:
    declared = network.snapshot.declarations.subscriptions
    return declared.get(subscription.lower()) or declared.get("*") or Subscription()
