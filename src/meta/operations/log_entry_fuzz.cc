// Foreign bytes as log entries, applied to a small catalogue: refused or applied, and whatever was
// applied keeps the invariants. Each entry: a byte that picks the kind, a byte of origin, two of
// length, the operation; or, with a first byte of 255, the bytes of a whole entry.
#include "meta/operations/apply.h"
#include "meta/operations/invariants_for_tests.h"
#include "wire/log_chunks.h"
#include "wire/log_cluster.h"
#include "wire/log_leases.h"
#include "wire/log_tree.h"

namespace {

using namespace cairn;
using namespace cairn::meta;

template <class Operation>
void run(Catalogue& catalogue, const Operation& operation) {
    const auto applied =
        apply(catalogue, catalogue.applied().next(), entry_of(operation, WallTime{1}));
    CHECK(applied.has_value() && applied->answer.ok());
}

// Servers 1025 to 1028, client 2049, file 2 open for writing with chunks 1 and 2.
void prepare(Catalogue& catalogue) {
    const HostId host(1);
    const InstanceId instance(1);
    const ClientId client(2049);
    logged::AddChunks add{FileId(2), client, instance, LeaseEpoch(1), {}};
    for (uint32_t i = 0; i < 4; i++) {
        const CsId cs(1025 + i);
        run(catalogue, logged::AddCs{host, "h", "/" + std::to_string(i), 0});
        run(catalogue,
            logged::CsStarted{cs, host, "h", Address{"10.0.0.1", 1}, "/", 0, 1, 1, 7, {}});
    }
    run(catalogue, logged::RegisterClient{host, "h", "/mnt", instance});
    run(catalogue, logged::SetAttributes{root_file, true, uint8_t{3}, uint8_t{2}, {}, {}});
    logged::MakeNode make;
    make.parent = root_file;
    make.name = "f";
    run(catalogue, make);
    run(catalogue, logged::GrantLease{FileId(2), client, instance, LeaseMode::exclusive, {}});
    run(catalogue, logged::ReserveChunkIds{10});
    for (uint64_t i = 0; i < 2; i++)
        add.chunks.push_back(
            {i, ChunkId(1 + i), {{CsId(1025), 1}, {CsId(1026), 1}, {CsId(1027), 1}}});
    run(catalogue, add);
}

LogEntry read_entry(ByteReader& reader, uint8_t kind) {
    LogEntry entry;
    entry.kind = static_cast<LogKind>(kind);
    const auto origin = reader.read<uint8_t>();
    if ((origin & 1) != 0)
        entry.origin = {ClientId(2049), InstanceId(1), origin, origin / 4U};
    const ByteView operation = reader.take(std::min<size_t>(reader.read<uint16_t>(), 4096));
    entry.operation.assign(operation.begin(), operation.end());
    return entry;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Catalogue catalogue;
    prepare(catalogue);
    ByteReader reader(std::as_bytes(std::span(data, size)));
    while (reader.remaining() != 0) {
        const auto kind = reader.read<uint8_t>();
        LogEntry entry;
        if (kind == 255) {
            const ByteView bytes = reader.take(reader.read<uint16_t>());
            const Result<LogEntry> decoded = decode_entry(bytes);
            if (!decoded)
                continue;
            CHECK(std::ranges::equal(encode_entry(*decoded), bytes));
            entry = *decoded;
        } else {
            entry = read_entry(reader, kind);
        }
        if (!reader.ok())
            break;
        const uint64_t before = catalogue.node_count();
        const auto applied = apply(catalogue, catalogue.applied().next(), entry);
        CHECK(applied.has_value() || catalogue.node_count() == before);
    }
    CHECK(broken_invariant(catalogue).empty());
    return 0;
}
