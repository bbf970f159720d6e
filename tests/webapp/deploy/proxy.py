"""A TCP proxy before a server: it passes bytes on, swallows them, or refuses connections."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

CHUNK = 65_536


class Proxy:
    """Listens on a port of this machine until closed."""

    def __init__(self, host: str, port: int) -> None:
        self.there = (host, port)
        self._passes = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.mend()

    def hang(self) -> None:
        """Takes connections and bytes, and passes on none, as before a stopped server."""
        self._passes.clear()

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
        self._passes.set()

    def mend(self) -> None:
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
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._passes.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
