#include "meta/node/peer_lives.h"

#include "base/small_file.h"

namespace cairn::meta {

namespace {

constexpr SmallFileKind lives_file{0x4545504E52494143ULL, 1,
                                   "what was seen of the other servers"};  // "CAIRNPEE"
constexpr size_t life_bytes = 4 + 8 + 8;

}  // namespace

bool PeerLives::take(MdsId mds, uint64_t life, LogSequence born, LogSequence sequence) {
    Life& known = lives_[mds];
    if (life != known.life && born < known.sequence)
        return false;
    if (life == known.life && sequence <= known.sequence)
        return true;
    known = {life, sequence};
    changed_ = true;
    return true;
}

void PeerLives::hear(const PeerLife& seen) {
    Life& known = lives_[seen.mds];
    if (seen.sequence <= known.sequence)
        return;
    known = {seen.life, seen.sequence};
    changed_ = true;
}

std::vector<PeerLife> PeerLives::all() const {
    std::vector<PeerLife> all;
    all.reserve(lives_.size());
    for (const auto& [mds, life] : lives_)
        all.push_back({mds, life.life, life.sequence});
    return all;
}

Bytes PeerLives::encode(const LogOwner& owner) const {
    Bytes bytes = begin_small_file(lives_file);
    ByteWriter out(bytes);
    out.put(owner.mds);
    out.put(owner.cluster);
    out.put(static_cast<uint32_t>(lives_.size()));
    for (const auto& [mds, life] : lives_) {
        out.put(mds);
        out.put(life.life);
        out.put(life.sequence);
    }
    return end_small_file(std::move(bytes));
}

Result<PeerLives> PeerLives::decode(ByteView content, const LogOwner& owner) {
    Result<ByteReader> file = read_small_file(lives_file, content);
    if (!file)
        return file.error();
    ByteReader& in = *file;
    LogOwner whose;
    in.get(whose.mds);
    in.get(whose.cluster);
    PeerLives lives;
    const uint32_t count = in.get_count(life_bytes);
    for (uint32_t i = 0; i < count && in.ok(); i++) {
        MdsId mds;
        in.get(mds);
        const auto life = in.read<uint64_t>();
        lives.lives_[mds] = {life, in.read<uint64_t>()};
    }
    if (!in.finished() || whose.mds != owner.mds || whose.cluster != owner.cluster)
        return small_file_is_damaged(lives_file);
    return lives;
}

}  // namespace cairn::meta
