#!/usr/bin/env python3
"""Flips one byte of a file that a Cairn daemon keeps on disk; doing it again puts it back.

    rot.py FILE at:N            the byte at offset N
    rot.py FILE block:N         in the content of block N of a chunk file
    rot.py FILE table:N         in the table entry of block N of a chunk file
    rot.py FILE header:N        in header 0 or 1 of a chunk file
    rot.py FILE superblock:N    in superblock 0 or 1 of a journal
    rot.py FILE group:N:WHERE   in group N of those that a start of a journal replays: its
                                `head`, its `records` or its `payload`; -1 is the last one
    rot.py FILE log:N           in group N of a segment of a metadata log
    rot.py FILE log-tail        behind the last group of such a segment, where nothing is used

The layouts are drawn in src/chunk/chunk_format.h, src/journal/ring_format.h and
src/meta/node/log_format.h. Prints the offset.
"""
import os
import struct
import sys

BLOCK = 4096
ENTRIES = 255
RING = 2 * BLOCK


def slot_blocks(blocks):
    """How many blocks the slots of a chunk take: of its slices, and to spare."""
    slice_blocks = max(16, blocks // 512)
    slices = max(1, blocks // slice_blocks)
    return (slices + max(4, slices // 16)) * slice_blocks


def chunk_offset(file, kind, number):
    # Two headers, then a page for each 255 blocks, then the blocks: of a chunk that was never
    # overwritten, each slice in its own slot.
    size = os.fstat(file.fileno()).st_size
    blocks = next(n for n in (1 << k for k in range(4, 21))
                  if (2 + (n + ENTRIES - 1) // ENTRIES + slot_blocks(n)) * BLOCK == size)
    pages = (blocks + ENTRIES - 1) // ENTRIES
    if kind == 'header':
        return number * BLOCK + 100
    if kind == 'table':
        return (2 + number // ENTRIES) * BLOCK + number % ENTRIES * 16 + 3
    return (2 + pages + number) * BLOCK + 1234


def journal_groups(file):
    """(offset, length, length of header and records) of each group from the start of the ring."""
    best = None
    for copy in range(2):
        file.seek(copy * BLOCK)
        fields = struct.unpack('<8sII8Q', file.read(80))
        if fields[0] == b'CAIRNJS1' and (best is None or fields[5] > best[5]):
            best = fields
    ring_id, capacity, position, sequence = best[3], best[4], best[7], best[8]
    while True:
        offset = RING + position % capacity
        file.seek(offset)
        head = file.read(96)
        if head[:8] != b'CAIRNJG1':
            return
        found_ring, _, found, at = struct.unpack('<4Q', head[16:48])
        length, meta_length = struct.unpack('<II', head[64:72])
        if (found_ring, found, at) != (ring_id, sequence, position):
            return
        yield offset, length, meta_length
        position += length
        sequence += 1


def journal_offset(file, number, where):
    groups = list(journal_groups(file))
    if where == 'payload':
        groups = [group for group in groups if group[1] > group[2]]
    offset, _, meta_length = groups[number]
    return offset + {'head': 40, 'records': 96 + 20, 'payload': meta_length + 777}[where]


def log_groups(file):
    file.seek(0)
    content = file.read()
    return [at for at in range(BLOCK, len(content), BLOCK) if content[at:at + 4] == b'CMLG']


def offset_of(file, what):
    kind, *numbers = what.split(':')
    if kind == 'at':
        return int(numbers[0])
    if kind in ('block', 'table', 'header'):
        return chunk_offset(file, kind, int(numbers[0]))
    if kind == 'superblock':
        return int(numbers[0]) * BLOCK + 30
    if kind == 'group':
        return journal_offset(file, int(numbers[0]), numbers[1])
    if kind == 'log':
        return log_groups(file)[int(numbers[0])] + 30
    if kind == 'log-tail':
        return os.fstat(file.fileno()).st_size - 3 * BLOCK - 10
    raise SystemExit(f'rot.py: what is {what}?')


def main():
    path, what = sys.argv[1:]
    with open(path, 'r+b') as file:
        offset = offset_of(file, what)
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x20]))
        file.flush()
        os.fsync(file.fileno())
    print(f'{path}: flipped a bit of byte {offset}')


if __name__ == '__main__':
    main()
