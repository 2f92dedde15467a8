#!/usr/bin/env python3
"""Says by which way servers are talked to from this network namespace.

    ways.py HOST:PORT...   for each server: how many connections are open to it by the short way
                           (src/runtime/real/nearby.h) and over TCP

Prints lines `HOST:PORT short=N tcp=N`.
"""
import ipaddress
import pathlib
import sys

UNIX_CONNECTED = '03'
TCP_ESTABLISHED = '01'


def rows(table):
    return [line.split() for line in pathlib.Path('/proc/net', table).read_text().splitlines()[1:]]


def short_ways():
    """Names of sockets that were accepted: they bear that of their listener."""
    return [row[7] for row in rows('unix') if len(row) > 7 and row[5] == UNIX_CONNECTED]


def tcp_ways():
    """The far ends of TCP connections."""
    ends = []
    for row in rows('tcp'):
        host, port = row[2].split(':')
        # A number in the byte order of the machine, which is little-endian.
        host = ipaddress.ip_address(bytes.fromhex(host)[::-1])
        if row[3] == TCP_ESTABLISHED:
            ends.append(f'{host}:{int(port, 16)}')
    return ends


def main():
    short, tcp = short_ways(), tcp_ways()
    for server in sys.argv[1:]:
        print(f'{server} short={short.count("@cairn/" + server)} tcp={tcp.count(server)}')


main()
