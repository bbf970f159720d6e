"""A TCP proxy before a server: it passes bytes on, late or not, swallows them, or refuses
connections."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from queue import SimpleQueue

CHUNK = 65_536


class Proxy:
    """Listens on a port of this machine until closed.

    late: seconds that bytes are under way, in each direction.
    """

    late = 0.0

    def __init__(self, host: str, port: int) -> None:
        self.there = (host, port)
        self._forgotten: set[socket.socket] = set()
        self._passes = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.mend()

    def hang(self) -> None:
        """Takes connections and bytes, and passes on none, as before a stopped server."""
        self._passes.clear()

    def forget(self) -> None:
        """Swallows what comes on the connections of now, as a firewall that lost its table."""
        self._forgotten.update(self._open)

    def refuse(self) -> None:
        """Breaks all connections and takes no more, as where the server's process has ended."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()
        self._forgotten.clear()
        self._passes.set()

    def mend(self) -> None:
        self.late = 0.0
        if self._listener.fileno() < 0:
            self._listener = socket.create_server(("127.0.0.1", self.port))
        self._passes.set()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = socket.create_connection(self.there)
                self._open += [here, there]
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        under_way: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        threading.Thread(target=self._arrive, args=(source, sink, under_way), daemon=True).start()
        data = b"begun"
        while data:
            try:
                data = source.recv(CHUNK)
            except OSError:
                data = b""
            under_way.put((time.monotonic() + self.late, data))

    def _arrive(
        self,
        source: socket.socket,
        sink: socket.socket,
        under_way: SimpleQueue[tuple[float, bytes]],
    ) -> None:
        with suppress(OSError):
            while True:
                at, data = under_way.get()
                time.sleep(max(0.0, at - time.monotonic()))
                self._passes.wait()
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                if source not in self._forgotten:
                    sink.sendall(data)
