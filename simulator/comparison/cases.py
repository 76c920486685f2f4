"""Which conversations are explained alike: each distinct case is explained once and gathered back.

A case is everything that an explanation looks at. A log of millions of conversations has some hundred cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from msgspec import Struct

from simulator.comparison.categories import CATEGORIES, RANK
from simulator.comparison.encryption import EncryptionAgreement, encryption_agreement
from simulator.comparison.explanations import Case, Explanation, explain_case
from simulator.comparison.logged_rules import LoggedRules
from simulator.flows.distinct import Rows, distinct_rows
from simulator.flows.records import BEGIN, DIRECTIONS, UInt8
from simulator.flows.replay import NONE, Replay
from simulator.flows.rule_names import parse_rule_name
from simulator.walk.packets import Bools, Int32
from simulator.walk.reasons import REASONS


class Explained(Struct, frozen=True, eq=False, dict=True):
    """Explanations, and which of them each conversation has."""

    explanations: Sequence[Explanation]
    of_conversation: Rows

    @cached_property
    def category(self) -> UInt8:
        """Each conversation's rank among `CATEGORIES`."""
        ranks = np.array([RANK[explanation.category] for explanation in self.explanations], np.uint8)
        return ranks[self.of_conversation]

    @property
    def mismatches(self) -> int:
        """Conversations that prove the prediction wrong."""
        is_mismatch = np.array([category.is_mismatch for category in CATEGORIES.values()])
        return int(is_mismatch[self.category].sum())


def explained(replay: Replay) -> Explained:
    """Explain every conversation."""
    begins, encryption = _begins(replay), encryption_agreement(replay)
    rules = LoggedRules(replay.network.snapshot)
    first, case = _cases(replay, begins, encryption)
    return Explained([explain_case(_case(replay, int(at), begins, encryption), rules) for at in first], case)


def _cases(replay: Replay, begins: Bools, encryption: UInt8) -> tuple[Rows, Rows]:
    """Conversations that are explained alike: (first conversation of each case, case of each conversation)."""
    conversations = replay.conversations
    is_other = encryption > EncryptionAgreement.UNKNOWN_CODE  # those show both codes
    columns = (
        replay.endpoint,
        conversations.direction,
        conversations.protocol,
        conversations.is_denied.astype(np.uint8),
        conversations.acl,
        conversations.rule,
        _answers(replay),
        replay.reason,
        replay.is_on_path.astype(np.uint8),
        begins.astype(np.uint8),
        replay.is_reply.astype(np.uint8),
        encryption,
        _would_be_dropped(replay)[replay.encryption.number],
        np.where(is_other, conversations.encryption, NONE),
        np.where(is_other, _predicted_codes(replay)[replay.encryption.number], NONE),
    )
    return distinct_rows(columns)


def _would_be_dropped(replay: Replay) -> UInt8:
    """By answer of `Replay.encryption`."""
    return np.array([held.would_be_dropped for held in replay.encryption.answers], np.uint8)


def _predicted_codes(replay: Replay) -> Int32:
    """A number for the code of each answer of `Replay.encryption`."""
    codes = sorted({held.code for held in replay.encryption.answers})
    return np.array([codes.index(held.code) for held in replay.encryption.answers], np.int32)


def _answers(replay: Replay) -> Rows:
    """For each conversation a number of what its NIC's filters decided: by the same rules, the same; -1 for nothing."""
    asked = replay.asked
    columns = [np.ascontiguousarray(column) for column in (asked.reason, *asked.tables.T, *asked.rows.T)]
    _, group = distinct_rows(columns)
    numbers = np.append(group, NONE)  # the last row, which -1 picks, stands for nothing asked
    return numbers[replay.answer]


def _begins(replay: Replay) -> Bools:
    """Conversations of which the log holds a begin."""
    decision = replay.conversations.decisions()
    begins = np.zeros(len(replay), bool)
    begins[decision[replay.conversations.of_record[replay.records.state == BEGIN]]] = True
    return begins[decision]


def _case(replay: Replay, at: int, begins: Bools, encryption: UInt8) -> Case:
    flows, records = replay.conversations, replay.records
    return Case(
        endpoint=replay.nic(at),
        direction=DIRECTIONS[flows.direction[at]],
        protocol=int(flows.protocol[at]),
        is_denied=bool(flows.is_denied[at]),
        begins=bool(begins[at]),
        acl=records.acls[flows.acl[at]],
        rule=parse_rule_name(records.rules[flows.rule[at]]),
        predicted=replay.observation(at),
        end_to_end=REASONS[replay.reason[at]],
        is_on_path=bool(replay.is_on_path[at]),
        is_reply=bool(replay.is_reply[at]),
        encryption=EncryptionAgreement(encryption[at]),
        would_be_dropped=replay.encryption[at].would_be_dropped,
    )
