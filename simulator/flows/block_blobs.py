"""Block blobs: where a log's blocks go, one after the other, so that what is there is whole after each of them.

Azure makes a blob of a head, a block a minute and a closer, and puts each new block before the closer, so that the JSON
is valid all the time. The same is done here of files and of one stream.

Learn: azure/network-watcher/flow-logs-read#understand-the-structure-of-a-flow-log
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from simulator.flows.minute_blocks import Block

HEAD, BETWEEN, CLOSER = b'{"records":[', b",", b"]}"


def framed(blocks: Iterable[bytes]) -> bytes:
    """A whole blob of these blocks."""
    return HEAD + BETWEEN.join(blocks) + CLOSER


class BlockBlobs(ABC):
    """A place that holds blobs by path. The blocks of a blob come in order, those of several blobs in any."""

    @abstractmethod
    def append(self, block: Block) -> None:
        """Puts one block before the closer of its blob, which begins with it if this is the first."""

    def add(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            self.append(block)


class HeldBlobs(BlockBlobs):
    """Blobs in memory."""

    def __init__(self) -> None:
        self._blocks: dict[str, list[bytes]] = {}

    def append(self, block: Block) -> None:
        self._blocks.setdefault(block.path, []).append(block.data)

    def finished(self) -> dict[str, bytes]:
        return {path: framed(blocks) for path, blocks in self._blocks.items()}


class FolderBlobs(BlockBlobs):
    """Files below a folder, at the paths of the blobs. A file that was there before is written anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, Path] = {}

    @property
    def files(self) -> list[Path]:
        """The files that were written, in order."""
        return [*self._files.values()]

    def append(self, block: Block) -> None:
        file = self._files.get(block.path)
        if file is None:
            file = self.folder / block.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(framed([block.data]))
            self._files[block.path] = file
            return
        with file.open("r+b") as stream:
            stream.seek(-len(CLOSER), 2)
            stream.write(BETWEEN + block.data + CLOSER)


class OneBlob(BlockBlobs):
    """Every block in one blob on a stream, whatever its path; whole once it is closed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._between = HEAD

    def append(self, block: Block) -> None:
        self._stream.write(self._between + block.data)
        self._between = BETWEEN

    def close(self) -> None:
        if self._between is HEAD:
            self._stream.write(HEAD)
        self._stream.write(CLOSER)
