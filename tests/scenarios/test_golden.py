"""Golden questions, pitfalls and walks: every packet of every question file has the answer that the file gives.

Adding a case is adding a folder with a ``question.yaml``; tests/scenarios/question_files.py says what it may hold.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import simulator as sim
from simulator.data.assumptions import ASSUMPTIONS
from tests.scenarios.answers import answer_of, explained, network_of
from tests.scenarios.golden_table import readme, readme_path
from tests.scenarios.question_files import (
    COLLECTIONS,
    Ask,
    Reading,
    Session,
    Verify,
    asked,
    id_of,
    question_folders,
    question_in,
    topology_of,
)
from tests.scenarios.sessions import change_of, kinds_of_impact

#: No price of one GB rests on it, only the amount of a bill: tests/cost/charges/tiers.yaml has both readings.
IN_ANY_BILL = "gigabyte_is_binary"
FOLDERS = question_folders()


def case_id(folder: Path, ask: Ask, reading: Reading | None) -> str:
    assumed = "".join(f" {key}={str(said).lower()}" for key, said in reading.assume.items()) if reading else ""
    return f"{id_of(folder)} {ask}{assumed}"


CASES = [
    pytest.param(folder, ask, reading, id=case_id(folder, ask, reading))
    for folder in FOLDERS
    for ask, reading in asked(folder)
]
SESSIONS = [
    pytest.param(folder, session, id=f"{id_of(folder)} {session.question} {session.change or session.after}")
    for folder in FOLDERS
    for session in question_in(folder).sessions
]
VERIFICATIONS = [
    pytest.param(folder, verify, id=f"{id_of(folder)} {verify.nic} {verify.direction} {verify.remote}")
    for folder in FOLDERS
    for verify in question_in(folder).verify
]
ENCRYPTED = [
    pytest.param(folder, name, id=f"{id_of(folder)} {name}")
    for folder in FOLDERS
    for name in question_in(folder).encryption
]


@pytest.mark.parametrize(("folder", "ask", "reading"), CASES)
def test_the_packet_has_the_expected_answer(folder: Path, ask: Ask, reading: Reading | None) -> None:
    expected = reading.expect if reading else ask.expect
    assume = tuple(sorted(reading.assume.items())) if reading else ()
    change = folder / ask.change if ask.change else None
    network = network_of(topology_of(folder), change, assume)
    trace = explained(network, ask)
    assert answer_of(network, trace, expected) == expected.model_dump(exclude_unset=True), ask.why


@pytest.mark.parametrize(("folder", "session"), SESSIONS)
def test_a_session_fares_as_expected(folder: Path, session: Session) -> None:
    network = network_of(topology_of(folder), None, ())
    trace = explained(network, session.question)
    assert trace.prediction.reason == "DELIVERED"
    change = change_of(folder, session)
    found = [kinds_of_impact(network, change, trace, new_flows_only=only) for only in (False, True)]
    assert found == [session.steady_state, session.new_flows_only]


@pytest.mark.parametrize(("folder", "verify"), VERIFICATIONS)
def test_ip_flow_verify_says_what_azure_says(folder: Path, verify: Verify) -> None:
    network = network_of(topology_of(folder), None, ())
    found = sim.ip_flow_verify(network, verify.nic, verify.direction, verify.protocol, verify.local, verify.remote)
    assert (found.access, found.rule_name) == (verify.access, verify.rule)


@pytest.mark.parametrize(("folder", "name"), ENCRYPTED)
def test_the_encryption_setting_is_read(folder: Path, name: str) -> None:
    networks = network_of(topology_of(folder), None, ()).snapshot.virtual_networks
    setting = next(network.encryption for network in networks if network.name == name)
    read = {"enabled": bool(setting and setting.enabled)} | ({"enforcement": setting.enforcement} if setting else {})
    assert read == question_in(folder).encryption[name].model_dump(exclude_unset=True)


@pytest.mark.parametrize("folder", FOLDERS, ids=id_of)
def test_the_topology_has_no_errors_and_the_question_asks_something(folder: Path) -> None:
    network = network_of(topology_of(folder), None, ())
    assert [issue for issue in network.issues if issue.severity == "error"] == []
    question = question_in(folder)
    assert question.ask or question.sessions or question.encryption
    assert len({str(ask) for ask in question.ask}) == len(question.ask)


@pytest.mark.parametrize("folder", FOLDERS, ids=id_of)
def test_every_file_of_the_folder_is_used(folder: Path) -> None:
    question = question_in(folder)
    changes = [session.change or session.after for session in question.sessions]
    used = {"question.yaml", question.topology, *changes, *(ask.change for ask in question.ask)}
    names = {path.name for path in folder.iterdir() if path.is_file()}
    assert names <= used | {name for name in names if name.endswith(".json")}


@pytest.mark.parametrize("folder", question_folders("golden"), ids=id_of)
def test_a_disputed_question_shows_both_readings(folder: Path) -> None:
    question = question_in(folder)
    assert (question.status == "D") <= any(ask.readings for ask in question.ask)


def test_every_open_question_is_told_by_a_golden_question() -> None:
    asks = [ask for folder in question_folders("golden") for ask in question_in(folder).ask]
    of_packets = {key for key, held in ASSUMPTIONS.items() if held.about == "packets"}
    assert {key for ask in asks for key in ask.expect.assumptions} == of_packets
    switched = {key for ask in asks for reading in ask.readings for key in reading.assume}
    assert switched == set(ASSUMPTIONS) - {IN_ANY_BILL}


def test_no_question_pitfall_or_walk_is_missing() -> None:
    numbers = {folder.name.partition("-")[0] for folder in FOLDERS}
    letters = {"q": range(1, 31), "p": range(1, 23), "w": range(1, 11)}
    wanted = {f"{letter}{number:02}" for letter, held in letters.items() for number in held}
    assert wanted | {"e1", "e2", "e3", "e4", "e4b", "e5", "e6"} <= numbers


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_the_table_of_a_collection_is_up_to_date(collection: str) -> None:
    written = readme_path(collection).read_text(encoding="utf-8")
    assert written == readme(collection), "run python -m tests.scenarios.golden_table"
