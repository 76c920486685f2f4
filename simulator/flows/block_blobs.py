"""Block blobs: where a log's blocks go, one after the other, so that what is there is whole after each of them.

Azure makes a blob of a head, a block a minute and a closer, and puts each new block before the closer, so that the JSON
is valid all the time. The same is done here of files and of one stream.

Learn: azure/network-watcher/flow-logs-read#understand-the-structure-of-a-flow-log
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from simulator.flows.minute_blocks import Block


class Frame(NamedTuple):
    """What stands around the blocks of a blob."""

    head: bytes
    between: bytes
    closer: bytes

    def whole(self, blocks: Iterable[bytes]) -> bytes:
        """A blob of these blocks."""
        return self.head + self.between.join(blocks) + self.closer


#: Of flow logs; of tables with a row a line.
RECORDS, LINES = Frame(b'{"records":[', b",", b"]}"), Frame(b"", b"", b"")


class BlockBlobs(ABC):
    """A place that holds blobs by path. The blocks of a blob come in order, those of several blobs in any."""

    frame: Frame

    @abstractmethod
    def append(self, block: Block) -> None:
        """Puts one block before the closer of its blob, which begins with it if this is the first."""

    def add(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            self.append(block)


class HeldBlobs(BlockBlobs):
    """Blobs in memory."""

    def __init__(self, frame: Frame = RECORDS) -> None:
        self.frame = frame
        self._blocks: dict[str, list[bytes]] = {}

    def append(self, block: Block) -> None:
        self._blocks.setdefault(block.path, []).append(block.data)

    def finished(self) -> dict[str, bytes]:
        return {path: self.frame.whole(blocks) for path, blocks in self._blocks.items()}


class FolderBlobs(BlockBlobs):
    """Files below a folder, at the paths of the blobs. A file that was there before is written anew."""

    def __init__(self, folder: Path, frame: Frame = RECORDS) -> None:
        self.folder, self.frame = folder, frame
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
            file.write_bytes(self.frame.whole([block.data]))
            self._files[block.path] = file
            return
        with file.open("r+b") as stream:
            stream.seek(-len(self.frame.closer), os.SEEK_END)
            stream.write(self.frame.between + block.data + self.frame.closer)


class OneBlob(BlockBlobs):
    """Every block in one blob on a stream, whatever its path; whole once it is closed."""

    def __init__(self, stream: BinaryIO, frame: Frame = RECORDS) -> None:
        self._stream, self.frame = stream, frame
        stream.write(frame.head)
        self._between = b""

    def append(self, block: Block) -> None:
        self._stream.write(self._between + block.data)
        self._between = self.frame.between

    def close(self) -> None:
        self._stream.write(self.frame.closer)
