"""What a client has sent of its next request, and whether that is the whole of it (RFC 9112).

Only the request's end is looked for. Whether the request is any good is left to gunicorn's parser, which reads the same
bytes: where the two disagree, the connection ends.
"""

import re
from tempfile import SpooledTemporaryFile
from threading import Lock

HEAD_MAX = 32 * 1024
BODY_MAX = 4 * 1024 * 1024
"""Bytes of a body. One that says it is larger is not waited for: the site refuses it unread."""
LARGER: dict[str, int] = {}
"""Paths that take more, and how much, if its size is said beforehand; gunicorn.conf.py knows them."""
BUSY = "503 Service Unavailable"
_ON_DISK = 128 * 1024 * 1024
_IN_MEMORY = 64 * 1024
_LINE_MAX = 4 * 1024
_WORD = rb"[\w!#$%&'*+.^`|~-]+"
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;" + _WORD + rb"(?:=" + _WORD + rb")?)*\r\n")
_EMPTY = re.compile(rb"(?:\r\n)")
_END = re.compile(rb"\r\n")
_EXPECT = re.compile(rb"(?i)\r\nexpect:[^\r\n]*")


class Refused(Exception):
    """What is not waited for, or not taken; `status` is what to answer."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Disk:
    """Counts what bodies that do not fit into memory take of the disk, those of all connections together."""

    def __init__(self) -> None:
        self.used = 0
        self._lock = Lock()

    def take(self, size: int) -> None:
        """Raises `Refused` where that is more than two of the largest bodies."""
        with self._lock:
            if self.used + size > max(_ON_DISK, 2 * max(LARGER.values(), default=0)):
                raise Refused(BUSY)
            self.used += size

    def give_back(self, size: int) -> None:
        with self._lock:
            self.used -= size


DISK = Disk()


class Inbox:
    """Fed with bytes as they come, it `is_whole` when a request is there; that is then read with `read`."""

    def __init__(self) -> None:
        self.received = 0
        """Bytes of this request so far."""
        self._over = b""
        self._body: SpooledTemporaryFile[bytes] | None = None
        self._written = self._on_disk = 0
        self.start()

    def start(self) -> None:
        """The last request has been answered: what came after it belongs to the next."""
        self.is_whole = False
        self.wants_word = False
        """Whether the client waits for a `100 Continue` before it sends the body."""
        self.received = 0
        self._head = bytearray()
        self.close()
        self._left: int | Chunks = 0
        self._read = 0
        over, self._over = self._over, b""
        self.feed(over)

    def feed(self, data: bytes) -> int:
        """Takes what came; how much that was. Raises `Refused`."""
        size = len(data)
        if not self._head:
            data = data.lstrip(b"\r\n")
        self.received += len(data)
        if self.is_whole:
            self._over += data
        elif self._body is None:
            self._feed_head(data)
        else:
            self._feed_body(data)
        return size

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the whole request; none when all has been read."""
        if self._read < len(self._head):
            part = bytes(self._head[self._read : self._read + size])
            self._read += len(part)
            return part
        return self._body.read(size) if self._body else b""

    def close(self) -> None:
        if self._body:
            self._body.close()
            self._body = None
            DISK.give_back(self._on_disk)
            self._written = self._on_disk = 0

    def _feed_head(self, data: bytes) -> None:
        searched = max(0, len(self._head) - 3)
        self._head += data
        end = self._head.find(b"\r\n\r\n", searched)
        if end < 0 or end > HEAD_MAX:
            if len(self._head) > HEAD_MAX:
                raise Refused("431 Request Header Fields Too Large")
            return
        rest = bytes(self._head[end + 4 :])
        del self._head[end + 4 :]
        self._left = self._find_length()
        if self._left == 0:
            self.is_whole = True
            self._over = rest
            return
        self._body = SpooledTemporaryFile(max_size=_IN_MEMORY)
        self._feed_body(rest)
        self.wants_word = not self.is_whole and bool(_EXPECT.search(self._head))
        self._head = bytearray(_EXPECT.sub(b"", self._head))

    def _find_length(self) -> "int | Chunks":
        """The length of the body; 0 also for one that is too long to wait for, or said in no way we know."""
        lengths = []
        for line in bytes(self._head).split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            name, value = name.lower(), value.strip()
            if name == b"transfer-encoding" and value.lower().endswith(b"chunked"):
                if value.lower() != b"chunked":
                    raise Refused("501 Not Implemented")  # packed, and then chunked
                return Chunks()
            if name == b"content-length":
                lengths.append(int(value) if value.isdigit() and len(value) < 20 else 0)
        return lengths[0] if len(lengths) == 1 and lengths[0] <= LARGER.get(self._path(), BODY_MAX) else 0

    def _path(self) -> str:
        target = (self._head.split(b" ", 2) + [b"", b""])[1]
        return bytes(target).partition(b"?")[0].decode("latin-1")

    def _feed_body(self, data: bytes) -> None:
        assert self._body is not None  # noqa: S101 - for the type checker
        if isinstance(self._left, Chunks):
            if self.received > BODY_MAX:
                raise Refused("413 Content Too Large")
            used = self._left.feed(data)
            self.is_whole = self._left.is_done
        else:
            used = min(self._left, len(data))
            self._left -= used
            self.is_whole = self._left == 0
        self._write(data[:used])
        if self.is_whole:
            self._over = data[used:]
            self._body.seek(0)

    def _write(self, data: bytes) -> None:
        assert self._body is not None  # noqa: S101 - for the type checker
        self._written += len(data)
        if self._written > _IN_MEMORY:
            DISK.take(self._written - self._on_disk)
            self._on_disk = self._written
        try:
            self._body.write(data)
        except OSError as error:  # full
            raise Refused(BUSY) from error


class Chunks:
    """Finds where a chunked body ends. Refuses what the parser would, which sees it when it is too late for a 400."""

    def __init__(self) -> None:
        self.is_done = False
        self._line = bytearray()
        self._expected = _SIZE
        self._skip = 0

    def feed(self, data: bytes) -> int:
        """How many bytes of `data` belong to the body. Raises `Refused`."""
        at = 0
        while at < len(data) and not self.is_done:
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                continue
            end = data.find(b"\n", at) + 1
            self._line += data[at : end or len(data)]
            at = end or len(data)
            if end:
                self._end_line()
            elif len(self._line) > _LINE_MAX:
                raise Refused("400 Bad Request")
        return at

    def _end_line(self) -> None:
        """A size, the empty line after a chunk, or the empty line after the last; nobody needs trailers."""
        found = self._expected.fullmatch(bytes(self._line))
        if not found:
            raise Refused("400 Bad Request")
        self._line.clear()
        if self._expected is _SIZE:
            self._skip = int(found[1], 16)
            self._expected = _EMPTY if self._skip else _END
        else:
            self.is_done = self._expected is _END
            self._expected = _SIZE
