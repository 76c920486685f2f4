"""The explanation of one logged decision beside its prediction: the first that holds, in a fixed order.

Order: not observable, the platform's own rule, a NIC that the export lacks, then agreement; of what does not agree: a
reply that was logged as a flow of its own, another end that the export lacks, the verdict, the encryption, the rule.
Rows that a rule denied hold no encryption to compare.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from simulator.azure.security_group import Direction
from simulator.comparison.categories import CategoryName
from simulator.comparison.encryption import EncryptionAgreement
from simulator.comparison.logged_rules import LoggedRules
from simulator.flows.rule_names import RuleName, acl_kind
from simulator.network.model import Endpoint
from simulator.walk.packets import ICMP, ICMP_V6
from simulator.walk.predictions import Observation, RuleReference
from simulator.walk.reasons import Reason, Verdict

#: Fates that the log of the destination's own NIC does not contradict: nothing was said of that NIC's filters.
_SAYS_NOTHING_OF_FILTERS = frozenset({"NO_PUBLIC_IP", "PUBLIC_IP_CLOSED", "PEERING_ACCESS_BLOCKED"})
_ENDS_NOT_IN_EXPORT = frozenset({"SOURCE_NOT_IN_EXPORT", "DESTINATION_NOT_IN_EXPORT"})


class Case(Struct, frozen=True):
    """What conversations have in common that are explained alike.

    `begins`: the log holds the first packet of one (state B), so that it was decided while the log ran. `is_reply`: as
    `Replay` has it. `end_to_end` is the fate of the packet as a whole. `encryption` is what the code in the log has to
    do with the predicted ones; `would_be_dropped` the projection of `Encryption`.
    """

    endpoint: Endpoint | None
    direction: Direction
    protocol: int
    is_denied: bool
    begins: bool
    acl: str
    rule: RuleName
    predicted: Observation | None
    end_to_end: Reason
    is_on_path: bool
    is_reply: bool
    encryption: EncryptionAgreement = EncryptionAgreement.AGREES
    would_be_dropped: bool = False


class Explanation(Struct, frozen=True):
    """A category, which way within it, and what else may help, as a sentence or empty."""

    category: CategoryName
    kind: str
    note: str = ""


_MATCH = Explanation("match", "match")
_UNKNOWN_NIC = Explanation(
    "unknown_endpoint",
    "unknown_mac",
    "no NIC of the export has this MAC: the NIC is newer than the export, or belongs to a platform service",
)

_REPLY = Explanation(
    "direction_mismatch",
    "reply_logged_apart",
    "the NIC logged the same flow the other way round: this is its reply, logged as a flow of its own",
)

_NOT_READY = Explanation(
    "undecided",
    "encryption_not_ready",
    "the host was not ready to encrypt and dropped the packet: right while a machine starts or its host is updated, "
    "worth a look if it lasts for minutes",
)
_UNKNOWN_CODE = Explanation("undecided", "encryption_code_unknown", "a code of encryption that is not documented")
#: What a code that was not predicted comes to, where verdict and rule agree or only the rule differs.
_ENCRYPTION: Mapping[EncryptionAgreement, Explanation] = {
    EncryptionAgreement.NOT_READY: _NOT_READY,
    EncryptionAgreement.UNKNOWN_CODE: _UNKNOWN_CODE,
    EncryptionAgreement.LOST: Explanation(
        "encryption_mismatch",
        "predicted_encrypted_observed_not",
        "a machine that was not stopped and started since encryption was enabled goes on without, and so does one that "
        "came to a host without support",
    ),
    EncryptionAgreement.GAINED: Explanation(
        "encryption_mismatch",
        "predicted_not_observed_encrypted",
        "a setting or a size that the export does not know of",
    ),
    EncryptionAgreement.OTHER: Explanation("encryption_mismatch", "other_code"),
}


def explain_case(case: Case, rules: LoggedRules) -> Explanation:
    """The first explanation that holds."""
    explanation = _not_comparable(case)
    if explanation is not None or case.predicted is None:
        return explanation or _UNKNOWN_NIC
    return _encryption(case, _agreement(case, case.predicted, rules) or _difference(case, case.predicted, rules))


def _encryption(case: Case, found: Explanation) -> Explanation:
    """The code goes before the rule and after everything else; what it does not decide lets the rule speak."""
    held = None if case.is_denied or case.is_reply else _ENCRYPTION.get(case.encryption)
    if held is None or found.category not in ("match", "rule_mismatch"):
        return found
    return held if held.category == "encryption_mismatch" or found.category == "match" else found


def _not_comparable(case: Case) -> Explanation | None:
    if case.protocol in (ICMP, ICMP_V6):
        return Explanation("unobservable", "icmp", "flow logs do not hold ICMP, so this neither confirms nor refutes")
    if case.endpoint is not None and case.endpoint.private_endpoint is not None:
        return Explanation("unobservable", "private_endpoint", "flow logs do not hold the side of a private endpoint")
    if case.rule.kind == "platform":
        return Explanation("platform_rule", "platform_rule")
    if case.predicted is None:
        return _UNKNOWN_NIC
    if case.rule.kind == "unspecified":
        return _denied_for_want_of_encryption(case)
    if case.predicted.verdict == Verdict.UNKNOWN:
        return Explanation("undecided", case.predicted.reason)
    return None


def _denied_for_want_of_encryption(case: Case) -> Explanation:
    """No verdict says so: DropUnencrypted is not supported yet, so its drops are a projection only."""
    if case.encryption == EncryptionAgreement.NOT_READY:
        return _NOT_READY
    is_projected = "as projected: both virtual networks ask for DropUnencrypted"
    is_not = (
        "not even projected: the export does not have DropUnencrypted at both ends of something that cannot encrypt"
    )
    note = is_projected if case.would_be_dropped else is_not
    return Explanation("encryption_mismatch", "denied_unencrypted", f"denied for want of encryption, {note}")


def _agreement(case: Case, predicted: Observation, rules: LoggedRules) -> Explanation | None:
    """A match, or what the rest of the path says against it."""
    if not (_is_same_verdict(case, predicted) and _is_same_rule(case, predicted, rules)):
        return None
    if case.is_on_path or case.end_to_end.verdict in (Verdict.UNKNOWN, Verdict.INTERMITTENT):
        return _MATCH
    if case.end_to_end.verdict == Verdict.DENY:
        return _stopped_earlier(case)
    note = "the predicted path does not pass this NIC: a route may differ from the export, or a reply was logged apart"
    return Explanation("direction_mismatch", "off_path", note)


def _stopped_earlier(case: Case) -> Explanation:
    """The prediction stops the packet before this NIC, and the log shows it there."""
    if case.end_to_end.code in _SAYS_NOTHING_OF_FILTERS:
        return _MATCH
    if case.is_reply:
        return _REPLY
    note = f"predicted to be stopped before it reaches this NIC ({case.end_to_end.code}), and the log shows it there"
    if case.is_denied:
        return Explanation("rule_mismatch", "denied_elsewhere", note)
    return _began_before(case) or Explanation("verdict_mismatch", "predicted_deny_observed_allow", note)


def _difference(case: Case, predicted: Observation, rules: LoggedRules) -> Explanation:
    unknown = rules.unknown_part(case.acl, case.rule)
    if case.end_to_end.code == "PLATFORM_SERVICE_UNKNOWN":
        return Explanation("undecided", case.end_to_end.code)
    if case.is_reply:
        return _REPLY
    if case.end_to_end.code in _ENDS_NOT_IN_EXPORT:
        return Explanation("unknown_endpoint", "unknown_ip", "the export may be of another time than the log")
    if _is_same_verdict(case, predicted):
        return _other_rule(case, predicted, rules, unknown)
    if case.is_denied:
        return Explanation("verdict_mismatch", "predicted_allow_observed_deny", unknown)
    return _began_before(case) or Explanation("verdict_mismatch", "predicted_deny_observed_allow", unknown)


def _began_before(case: Case) -> Explanation | None:
    if case.begins:
        return None
    note = "only C and E tuples: the flow began before the log; flows that stand outlive a rule that would deny them"
    return Explanation("established", "established", note)


def _other_rule(case: Case, predicted: Observation, rules: LoggedRules, unknown: str) -> Explanation:
    if predicted.rule is None:
        return Explanation("rule_mismatch", "no_filter_predicted", unknown or "the export has no filter at this NIC")
    if unknown:
        return Explanation("rule_mismatch", "unknown_rule", unknown)
    if not any(rules.is_same_acl(case.acl, rule) for rule in _accepted(predicted)):
        return Explanation("rule_mismatch", "other_acl", "another filter decided than predicted")
    return Explanation("rule_mismatch", "other_rule")


def _is_same_verdict(case: Case, predicted: Observation) -> bool:
    """What some packets meet and others do not is right either way."""
    return predicted.verdict == Verdict.INTERMITTENT or case.is_denied == (predicted.verdict == Verdict.DENY)


def _is_same_rule(case: Case, predicted: Observation, rules: LoggedRules) -> bool:
    """Whether the log names the predicted rule, or, of what was allowed, another NSG's rule that allowed it here too.

    An admin rule that allows passes on to the NSG, which then is the last to decide and the one expected in the log. A
    NIC without any filter has no rule to name; what Azure logs there is not documented, and the zero GUID is accepted.
    """
    if predicted.rule is None:
        return acl_kind(case.acl) == "zero"
    return any(rules.is_same(case.acl, case.rule, rule) for rule in _accepted(predicted))


def _accepted(predicted: Observation) -> tuple[RuleReference, ...]:
    """The rules that the log may name, in the order in which they were asked."""
    return predicted.also if predicted.rule is None else (*predicted.also, predicted.rule)
