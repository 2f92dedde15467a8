// The bytes of a snapshot of the catalogue: a stream of pieces, each of bounded size and checked by
// itself, so that one can be written, sent and read while the server goes on. A piece:
//
//      0  u32 magic "CATS"     4  u16 format        6  u16 section
//      8  u32 number of the piece, from 0           12 u32 records
//     16  u32 length of the payload                 20 u32 zero
//     24  u64 checksum of bytes 0 to 23 and of the payload
//     32  the payload: records, each a u32 length and its fields
//
// Sections come in the order of their numbers; one may span pieces. New fields of a record go at
// its end; a reader of before skips them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "meta/catalogue/catalogue.h"

namespace cairn::meta {

enum class Section : uint16_t {
    head = 1,
    chunk_servers = 2,
    metadata_servers = 3,
    clients = 4,
    answers = 5,
    events = 6,
    leases = 7,
    comparisons = 8,
    nodes = 9,
    chunks = 10,
    end = 11,
};

constexpr uint32_t snapshot_magic = 0x53544143;  // "CATS"
constexpr uint16_t snapshot_format = 1;
constexpr size_t piece_header_bytes = 32;
// Pieces end with the record that fills them to this; one record is at most a few kilobytes beyond.
constexpr size_t piece_payload_bytes = 128 << 10;
constexpr size_t piece_bytes_max = 16 << 20;

struct HeadRecord {
    ClusterId cluster;
    std::string cluster_name;
    WallTime created;
    LogIndex applied;
    uint16_t feature_level = 1;
    Counters counters;
    std::vector<std::pair<std::string, std::string>> settings;
    uint64_t last_event = 0;

    template <class A>
    void fields(A& archive) {
        archive(cluster, cluster_name, created, applied, feature_level, counters, settings,
                last_event);
    }
};

template <class Key, class Value>
struct KeyedRecord {
    Key key;
    Value value;

    template <class A>
    void fields(A& archive) {
        archive(key);
        value.fields(archive);  // not nested: fields can be added at its end
    }
};
using CsImage = KeyedRecord<CsId, CsRecord>;
using MdsImage = KeyedRecord<MdsId, MdsRecord>;
using LeaseImage = KeyedRecord<FileId, FileLease>;

struct ClientImage {
    ClientId client;
    ClientRecord record;
    uint64_t answered_below = 0;

    template <class A>
    void fields(A& archive) {
        archive(client, answered_below);
        record.fields(archive);
    }
};

struct AnswerImage {
    ClientId client;
    uint64_t sequence = 0;
    Answer answer;

    template <class A>
    void fields(A& archive) {
        archive(client, sequence, answer);
    }
};

struct ComparisonImage {
    ChunkId chunk;
    CsId source;
    std::vector<std::pair<uint32_t, CsId>> stand_ins;

    template <class A>
    void fields(A& archive) {
        archive(chunk, source, stand_ins);
    }
};

struct NodeImage {
    FileId file;
    FileId parent;
    std::string name;
    NodeKind kind = NodeKind::file;
    uint64_t size = 0;
    uint64_t zero_from = 0;
    WallTime created;
    WallTime modified;
    WallTime changed;
    LeaseEpoch epoch;
    StorageAttributes storage;
    uint32_t mode = 0;
    uint32_t uid = 0;
    uint32_t gid = 0;
    uint32_t link_count = 0;
    std::string symlink_target;

    template <class A>
    void fields(A& archive) {
        archive(file, parent, name, kind, size, zero_from, created, modified, changed, epoch,
                storage, mode, uid, gid, link_count, symlink_target);
    }
};

struct PieceImage {
    CsId cs;
    Version since;
    PieceState state = PieceState::in_sync;
    bool suspect = false;

    template <class A>
    void fields(A& archive) {
        archive(cs, since, state, suspect);
    }
};

struct ChunkImage {
    ChunkId chunk;
    FileId file;
    uint64_t index = 0;
    Version version;
    bool marked = false;
    std::vector<PieceImage> pieces;

    template <class A>
    void fields(A& archive) {
        archive(chunk, file, index, version, marked, pieces);
    }
};

struct EndRecord {
    uint64_t nodes = 0;
    uint64_t chunks = 0;

    template <class A>
    void fields(A& archive) {
        archive(nodes, chunks);
    }
};

[[nodiscard]] NodeImage image_of(FileId file, const Node& node);
[[nodiscard]] ChunkImage image_of(ChunkId id, const Chunk& chunk);

// Every record of the sections before the nodes: small, and written at once.
using SectionRecords = std::vector<std::pair<Section, Bytes>>;
[[nodiscard]] SectionRecords small_records(const Catalogue& catalogue);

}  // namespace cairn::meta
