"""How flow logs spell rules and ACLs, and whether a logged name means a configured rule.

Learn: azure/network-watcher/vnet-flow-logs-overview, azure/network-watcher/nsg-flow-logs-overview (name limits)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct

RuleKind = Literal["user", "default", "admin", "platform", "unspecified"]
AclKind = Literal["arm_id", "guid", "zero", "unspecified", "other"]

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
PLATFORM_RULE = "PlatformRule"
UNSPECIFIED = "unspecified"
#: What the log writes before the name of an NSG's own rule, and of one of its six default rules.
PREFIX: dict[RuleKind, str] = {"user": "UserRule_", "default": "DefaultRule_"}
#: A rule name that is cut in a log keeps at least this much: 65 characters less the longest prefix.
SHORTEST_CUT = 65 - len(PREFIX["default"])

_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_IS_GUID = re.compile(_GUID, re.IGNORECASE)
_ARM_ID = re.compile(r"/subscriptions/[^/]+/", re.IGNORECASE)


class RuleName(Struct, frozen=True):
    """What a logged rule text says: the kind of rule and the name as it is configured, in the case of the log.

    `suffix` is the ``_<guid>`` behind an admin rule's name, or what a cut left of it.
    """

    kind: RuleKind
    name: str
    suffix: str = ""

    def is_name_of(self, configured: str) -> bool:
        """Whether the log may mean the rule configured as `configured`: any case, and long names may be cut.

        The suffix may belong to the name: the log does not always add one, and a configured name may end like one.
        """
        whole = configured.casefold()
        names = (self.name.casefold(), (self.name + self.suffix).casefold())
        return any(name == whole or (len(name) >= SHORTEST_CUT and whole.startswith(name)) for name in names)


@lru_cache(maxsize=1 << 14)
def parse_rule_name(text: str) -> RuleName:
    """The rule behind a logged text.

    ``UserRule_`` and ``DefaultRule_`` are stripped once, since rule names may hold underscores and even the prefix. Any
    other text is a security admin rule, whose ``_<guid>`` suffix is set apart, ``PlatformRule`` or ``unspecified``
    (denied for want of encryption). Traffic Analytics writes all of them in lower case.
    """
    for kind, prefix in PREFIX.items():
        if text[: len(prefix)].casefold() == prefix.casefold():
            return RuleName(kind, text[len(prefix) :])
    if text.casefold() == PLATFORM_RULE.casefold():
        return RuleName("platform", text)
    if text.casefold() == UNSPECIFIED:
        return RuleName("unspecified", text)
    return _admin_rule_name(text)


def _admin_rule_name(text: str) -> RuleName:
    """A text that is long enough to have been cut may have lost the rest of its suffix."""
    name, underscore, guid = text.rpartition("_")
    is_long_enough = len(guid) == len(ZERO_GUID) or len(text) >= SHORTEST_CUT
    if underscore and is_long_enough and _IS_GUID.fullmatch(guid + ZERO_GUID[len(guid) :]):
        return RuleName("admin", name, underscore + guid)
    return RuleName("admin", text)


@lru_cache(maxsize=1 << 14)
def acl_kind(text: str) -> AclKind:
    """What an ``aclID`` is: an NSG's ARM id (2024 on), a GUID (before, and AVNM), the zero GUID (platform), or none."""
    if text == ZERO_GUID:
        return "zero"
    if _IS_GUID.fullmatch(text):
        return "guid"
    if _ARM_ID.match(text):
        return "arm_id"
    return "unspecified" if text.casefold() == UNSPECIFIED else "other"
