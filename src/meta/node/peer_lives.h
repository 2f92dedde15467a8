// PeerLives: how far the log of each other metadata server has been seen to be, so that one that
// comes back with less is told apart: its repository is an old copy, or a second program runs from
// a copy of it. Such a server has forgotten votes and entries that it acknowledged; nothing that it
// says may count. Pure. The MetaNode owns it, keeps it in the repository's file `peers`, and gives
// what it knows to the others with its messages (docs/design/moving.md).
//
//      0  u64 magic "CAIRNPEE"   8  u32 format   12  u32 mds
//     16  16 cluster id         32  u32 count, then for each u32 mds, u64 life, u64 sequence
//         u64 XXH3-64 of everything before it
#pragma once

#include <map>
#include <vector>

#include "base/result.h"
#include "meta/node/log_format.h"
#include "wire/mds_messages.h"

namespace cairn::meta {

constexpr std::string_view peer_lives_name = "peers";
constexpr size_t peer_lives_size_max = 4096;

class PeerLives {
  public:
    // What `mds` says of itself: which life of its program speaks, with which group of its log that
    // life began, how many are on its stable media. False: that life began with less than was on
    // stable media before.
    [[nodiscard]] bool take(MdsId mds, uint64_t life, LogSequence born, LogSequence sequence);
    // What others have seen of it.
    void hear(const PeerLife& seen);
    void forget(MdsId mds) { changed_ = lives_.erase(mds) > 0 || changed_; }

    [[nodiscard]] std::vector<PeerLife> all() const;
    // Since the last time that this was asked.
    [[nodiscard]] bool take_changed() { return std::exchange(changed_, false); }

    [[nodiscard]] Bytes encode(const LogOwner& owner) const;
    [[nodiscard]] static Result<PeerLives> decode(ByteView content, const LogOwner& owner);

  private:
    struct Life {
        uint64_t life = 0;
        LogSequence sequence = 0;
    };
    std::map<MdsId, Life> lives_;
    bool changed_ = false;
};

}  // namespace cairn::meta
