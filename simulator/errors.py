"""Every way the simulator can say that an input is wrong: value, place, way out and a stable code.

SimulatorError
├── SourceError       a topology file cannot be read, or Azure would refuse it (VNS1xxx, VNS2xxx)
├── FlowLogError      a flow log cannot be read (VNS3xxx)
├── ChangeError       a proposed change does not fit the network (VNS4xxx)
├── QuestionError     a question names something the network does not hold (VNS5xxx)
├── PriceError        a price sheet cannot be read, or lacks the price of a meter (VNS7xxx)
└── MissingExtraError a feature needs a library that comes with an extra of the package (VNS9xxx)
"""

from __future__ import annotations


class SimulatorError(Exception):
    """Base of every error that a user can mend.

    Parameters
    ----------
    message : what is wrong, with the value that caused it.
    code : stable code such as ``VNS1002``, never reused for another meaning.
    place : where it stands: ``file:line:column``, a JSON path or an Azure resource id.
    hint : the way out, as one sentence.
    """

    def __init__(self, message: str, *, code: str, place: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message, self.code, self.place, self.hint = message, code, place, hint

    def __str__(self) -> str:
        lines = [f"error[{self.code}]: {self.message}"]
        if self.place:
            lines.append(f"  at {self.place}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class SourceError(SimulatorError):
    """A topology file cannot be read."""


class FlowLogError(SimulatorError):
    """A flow log cannot be read."""


class ChangeError(SimulatorError):
    """A proposed change does not fit the network it is applied to."""


class QuestionError(SimulatorError):
    """A question names an endpoint, a port or a protocol that the network does not hold."""


class PriceError(SimulatorError):
    """A price sheet cannot be read, or it has no price for what is asked of it."""


class MissingExtraError(SimulatorError):
    """A feature needs a library that comes with an extra of the package."""
