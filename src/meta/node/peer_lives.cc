#include "meta/node/peer_lives.h"

#include "base/checksum.h"

namespace cairn::meta {

namespace {

constexpr uint64_t lives_magic = 0x4545504E52494143ULL;  // "CAIRNPEE"
constexpr uint32_t lives_format = 1;
constexpr size_t checksum_size = 8;
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
    Bytes bytes;
    ByteWriter out(bytes);
    out.put(lives_magic);
    out.put(lives_format);
    out.put(owner.mds);
    out.put(owner.cluster);
    out.put(static_cast<uint32_t>(lives_.size()));
    for (const auto& [mds, life] : lives_) {
        out.put(mds);
        out.put(life.life);
        out.put(life.sequence);
    }
    out.put(checksum(bytes));
    return bytes;
}

Result<PeerLives> PeerLives::decode(ByteView content, const LogOwner& owner) {
    const Error damaged(Code::corrupt, "what was seen of the other servers is damaged");
    if (content.size() < checksum_size)
        return damaged;
    const ByteView body = content.first(content.size() - checksum_size);
    ByteReader trailer(content.subspan(body.size()));
    if (trailer.read<uint64_t>() != checksum(body))
        return damaged;
    ByteReader in(body);
    if (in.read<uint64_t>() != lives_magic || in.read<uint32_t>() != lives_format)
        return damaged;
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
        return damaged;
    return lives;
}

}  // namespace cairn::meta
