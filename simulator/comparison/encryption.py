"""Whether the code of encryption that a flow log holds is one that was predicted.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from simulator.flows.records import UInt8
from simulator.flows.replay import Replay
from simulator.walk.encryption import CODES, NOT_READY, Encryption, X


class EncryptionAgreement(IntEnum):
    """What a logged code has to do with its prediction.

    NOT_READY: the host was starting or being updated, which no export tells. UNKNOWN_CODE: one that is not documented.
    LOST: predicted to be encrypted, and is not. GAINED: the reverse. OTHER: not encrypted, but for another reason.
    """

    AGREES = 0
    NOT_READY = 1
    UNKNOWN_CODE = 2
    LOST = 3
    GAINED = 4
    OTHER = 5


def encryption_agreement(replay: Replay) -> UInt8:
    """`EncryptionAgreement` numbers of the conversations."""
    found, codes = replay.encryption, replay.records.encryptions
    if not len(replay):
        return np.zeros(0, np.uint8)
    table = np.array([[_agreement(code, held) for code in codes] for held in found.answers], np.uint8)
    agreement: UInt8 = table[found.number, replay.conversations.encryption]
    return agreement


def _agreement(logged: str, predicted: Encryption) -> EncryptionAgreement:
    code = logged.upper()
    if code == NOT_READY:
        return EncryptionAgreement.NOT_READY
    if code not in CODES:
        return EncryptionAgreement.UNKNOWN_CODE
    if code in predicted.accepted or not predicted.accepted:
        return EncryptionAgreement.AGREES
    if predicted.is_encrypted:
        return EncryptionAgreement.LOST
    return EncryptionAgreement.GAINED if code == X else EncryptionAgreement.OTHER
