#!/usr/bin/env python3
"""Says to an NBD server what no decent client says. Usage: nbd_raw.py SOCKET STEP...

Steps: option:N (must be refused as unsupported), go, read (must succeed), refused-write (must fail
with EPERM), half (a write that breaks off; ends the connection), absurd (a payload beyond all
limits) and nonsense: after these two the server must hang up.
"""
import os
import socket
import struct
import sys

OPTION_MAGIC = 0x49484156454F5054
REPLY_MAGIC = 0x0003E889045565A9
REQUEST_MAGIC = 0x25609513
SIMPLE_MAGIC = 0x67446698
EPERM = 1


class Client:
    def __init__(self, path):
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.settimeout(10)
        self.stream.connect(path)
        magic, option_magic, flags = struct.unpack('>8sQH', self.receive(18))
        assert magic == b'NBDMAGIC' and option_magic == OPTION_MAGIC and flags == 3
        self.shook_hands = False

    def receive(self, count):
        data = b''
        while len(data) < count:
            more = self.stream.recv(count - len(data))
            assert more, 'the server hung up'
            data += more
        return data

    def client_flags(self):
        if not self.shook_hands:
            self.stream.sendall(struct.pack('>I', 3))
            self.shook_hands = True

    def option(self, number, data=b''):
        self.client_flags()
        self.stream.sendall(struct.pack('>QII', OPTION_MAGIC, number, len(data)) + data)
        magic, echoed, kind, length = struct.unpack('>QIII', self.receive(20))
        assert magic == REPLY_MAGIC and echoed == number
        return kind, self.receive(length)

    def go(self):
        kind, _ = self.option(7, struct.pack('>IH', 0, 0))
        assert kind == 3, f'reply {kind:#x} in place of INFO'
        magic, _, kind, length = struct.unpack('>QIII', self.receive(20))
        assert magic == REPLY_MAGIC and kind == 1 and length == 0

    def request(self, command, offset, length, payload=b''):
        self.stream.sendall(struct.pack('>IHHQQI', REQUEST_MAGIC, 0, command, 4711, offset, length)
                            + payload)

    def reply(self):
        magic, error, cookie = struct.unpack('>IIQ', self.receive(16))
        assert magic == SIMPLE_MAGIC and cookie == 4711
        return error

    def must_be_hung_up_on(self):
        try:
            while self.stream.recv(65536):
                pass
        except ConnectionResetError:
            pass


def run(path, steps):
    client = Client(path)
    for step in steps:
        if step.startswith('option:'):
            kind, _ = client.option(int(step[7:]))
            assert kind == 0x80000001, f'reply {kind:#x} in place of a refusal'
        elif step == 'go':
            client.go()
        elif step == 'read':
            client.request(0, 0, 4096)
            assert client.reply() == 0
            client.receive(4096)
        elif step == 'refused-write':
            client.request(1, 0, 512, b'x' * 512)
            assert client.reply() == EPERM
        elif step == 'half':
            client.request(1, 0, 8192, b'x' * 5000)
            client.stream.close()
        elif step == 'absurd':
            client.request(1, 0, 0xFFFFFFFF)
            client.must_be_hung_up_on()
        elif step == 'nonsense':
            try:
                client.stream.sendall(b'\xff' + os.urandom(100_000))
            except (BrokenPipeError, ConnectionResetError):
                pass
            client.must_be_hung_up_on()
        else:
            raise SystemExit(f'unknown step {step}')


if __name__ == '__main__':
    run(sys.argv[1], sys.argv[2:])
