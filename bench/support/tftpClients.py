"""TFTP clients that fetch a file at once: HOST FILE CLIENTS FETCHES BLKSIZE WINDOWSIZE.

Prints the bytes that came and the seconds it took as JSON. Written for as little work per packet as
possible, so that the server is measured (RFC 1350, 2347, 2348, 2349, 7440).
"""

import hashlib
import json
import selectors
import socket
import struct
import sys
import time

TIMEOUT_S = 2
GIVE_UP_S = 60


class Fetch:
    def __init__(self, host, name, blksize, windowsize):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("", 0))
        self.socket.setblocking(False)
        words = [name, "octet", "tsize", "0", "blksize", str(blksize), "windowsize", str(windowsize)]
        self.request = b"\0\1" + b"".join(word.encode() + b"\0" for word in words)
        self.peer = None
        self.host = host
        self.blksize = 512
        self.windowsize = 1
        self.expected = 1
        self.unacked = 0
        self.received = 0
        self.retries = 0
        self.digest = hashlib.md5() if CHECK else None
        self.last = self.request
        self.heard = time.monotonic()
        self.socket.sendto(self.request, (host, 69))

    def say(self, data):
        self.last = data
        self.socket.send(data)

    def again(self):
        self.retries += 1
        self.heard = time.monotonic()
        if self.peer:
            self.socket.send(self.last)
        else:
            self.socket.sendto(self.request, (self.host, 69))

    def take(self, buffer):
        """Takes one datagram; True when the file is whole."""
        if self.peer is None:
            length, self.peer = self.socket.recvfrom_into(buffer)
            self.socket.connect(self.peer)
        else:
            length = self.socket.recv_into(buffer)
        opcode, block = struct.unpack_from("!HH", buffer)
        if opcode == 3:
            return self.data(block, length, buffer)
        if opcode == 6:
            words = bytes(buffer[2:length]).split(b"\0")
            options = {key.decode().lower(): int(value) for key, value in zip(words[::2], words[1::2])}
            self.blksize = options.get("blksize", 512)
            self.windowsize = options.get("windowsize", 1)
            self.say(b"\0\4\0\0")
            return False
        raise SystemExit(f"refused: {bytes(buffer[:length])!r}")

    def data(self, block, length, buffer):
        if block != self.expected:
            # Something was lost, or came twice: say once what is here.
            if self.unacked:
                self.unacked = 0
                self.say(struct.pack("!HH", 4, (self.expected - 1) & 0xFFFF))
            return False
        size = length - 4
        self.received += size
        if self.digest:
            self.digest.update(buffer[4:length])
        self.expected = (block + 1) & 0xFFFF
        self.unacked += 1
        last = size < self.blksize
        if last or self.unacked >= self.windowsize:
            self.unacked = 0
            self.say(struct.pack("!HH", 4, block))
        return last


def main(host, name, clients, fetches, blksize, windowsize):
    selector = selectors.EpollSelector()
    buffer = memoryview(bytearray(65536))
    waiting, running, total, retries, windows = fetches, 0, 0, 0, set()
    digests = set()

    def begin():
        fetch = Fetch(host, name, blksize, windowsize)
        selector.register(fetch.socket, selectors.EVENT_READ, fetch)

    started = time.monotonic()
    for _ in range(min(clients, fetches)):
        begin()
        waiting, running = waiting - 1, running + 1
    while running:
        ready = selector.select(0.2)
        now = time.monotonic()
        if now - started > GIVE_UP_S:
            raise SystemExit("too slow")
        if not ready:
            for key in selector.get_map().values():
                if now - key.data.heard > TIMEOUT_S:
                    key.data.again()
        for key, _ in ready:
            fetch = key.data
            fetch.heard = now
            done = False
            try:
                # All of a window at once, so that the ACK is not late.
                for _ in range(fetch.windowsize):
                    done = fetch.take(buffer)
                    if done:
                        break
            except BlockingIOError:
                pass
            if not done:
                continue
            total += fetch.received
            retries += fetch.retries
            windows.add(fetch.windowsize)
            if fetch.digest:
                digests.add(fetch.digest.hexdigest())
            selector.unregister(fetch.socket)
            fetch.socket.close()
            running -= 1
            if waiting:
                begin()
                waiting, running = waiting - 1, running + 1
    result = {
        "bytes": total,
        "seconds": time.monotonic() - started,
        "retries": retries,
        "windowsize": max(windows),
        "md5": sorted(digests),
    }
    print(json.dumps(result))


CHECK = len(sys.argv) > 7
main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:7]))
