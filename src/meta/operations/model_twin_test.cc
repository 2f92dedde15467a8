// The catalogue against the checked model of one chunk: the model's functions with its `fixed`
// rules, on bit masks, and random steps on both. (Where the protocol says more than the model: a
// clean start inside a set under comparison starts it anew, and epochs rise with grants.)
#include "meta/operations/random_log_steps_for_tests.h"

namespace cairn::meta {
namespace {

constexpr int replicas = 4;
constexpr int least = 2;

unsigned bit(int r) {
    return 1U << r;
}

struct Model {
    unsigned in_sync = 7;
    unsigned joining = 0;
    unsigned suspect = 0;
    bool comparing = false;
    bool mark = true;
    bool fence = false;
    int source = -1;
    int writer = 0;  // client, or -1
    uint32_t version = 1;
    uint32_t base[replicas] = {1, 1, 1, 0};

    void start_rec() {
        joining = 0;
        comparing = true;
        if (source >= 0 && ((in_sync & bit(source)) == 0 || (suspect & bit(source)) != 0))
            source = -1;
        version++;
        for (int r = 0; r < replicas; r++)
            if ((in_sync & bit(r)) != 0)
                base[r] = version;
    }
    void end_lease() {
        writer = -1;
        fence = true;
        if (mark)
            start_rec();
    }
    bool leave(int r, unsigned good, bool lost) {
        if ((joining & bit(r)) != 0) {
            joining &= ~bit(r);
            version++;
            return true;
        }
        if ((in_sync & bit(r)) == 0)
            return false;
        const unsigned rest = in_sync & ~bit(r);
        const int left = __builtin_popcount(rest & ~suspect & good);
        if (left < least && !(lost && rest != 0))
            return false;
        if (rest == 0)
            return false;
        in_sync = rest;
        suspect &= ~bit(r);
        if (source == r)
            source = -1;
        if (!comparing)
            version++;
        else
            start_rec();
        if (!comparing && suspect == in_sync)
            start_rec();
        return true;
    }
    void register_replica(int r, bool unclean, unsigned good) {
        if ((joining & bit(r)) != 0) {
            leave(r, good, false);
            return;
        }
        if ((in_sync & bit(r)) == 0)
            return;
        if (!unclean) {
            if (comparing)
                start_rec();
            return;
        }
        if (!mark && !comparing)
            return;
        if (comparing || !leave(r, good, false)) {
            suspect |= bit(r);
            start_rec();
            if ((suspect & in_sync) == in_sync && writer >= 0)
                end_lease();
        }
    }
    bool join(int r) {
        if (((in_sync | joining) & bit(r)) != 0 || comparing)
            return false;
        joining |= bit(r);
        version++;
        base[r] = version;
        return true;
    }
    bool choose(int r) {
        const unsigned good = in_sync & ~suspect;
        if (!comparing || source >= 0 || (in_sync & bit(r)) == 0)
            return false;
        if (good != 0 && (good & bit(r)) == 0)
            return false;
        if (good == 0 && writer >= 0)
            return false;  // the lease is ended first
        source = r;
        return true;
    }
    bool clear() {
        if (!comparing || source < 0)
            return false;
        comparing = false;
        suspect = 0;
        source = -1;
        if (writer < 0)
            mark = false;
        return true;
    }
};

class Both : public World {
  public:
    explicit Both(uint64_t seed) : stream(seed) {
        file = make_file("f");
        open(file);
        chunk = add_chunk(file, 0);
        others = {client, new_client("/other")};
    }

    void step() {
        const int r = static_cast<int>(stream.below(replicas));
        const CsId cs = servers[static_cast<size_t>(r)];
        unsigned good = 0;
        answering.clear();
        for (int q = 0; q < replicas; q++) {
            if (!stream.chance(75))
                continue;
            good |= bit(q);
            answering.push_back(servers[static_cast<size_t>(q)]);
        }
        switch (stream.below(9)) {
            case 0:
            case 1: {
                const bool lost = stream.chance(20);
                EXPECT_EQ(leave(chunk, cs, lost) == Code::ok, model.leave(r, good, lost));
                return;
            }
            case 2: {
                const bool unclean = stream.chance(60);
                EXPECT_TRUE(start(cs, unclean).ok());
                model.register_replica(r, unclean, good);
                return;
            }
            case 3:
            case 4: EXPECT_EQ(join(chunk, cs).ok(), model.join(r)); return;
            case 5:
                if ((model.joining & bit(r)) != 0) {
                    EXPECT_TRUE(join_done(chunk, cs).ok());
                    model.joining &= ~bit(r);
                    model.in_sync |= bit(r);
                }
                return;
            case 6:
                if (model.source < 0)
                    EXPECT_EQ(choose_source(chunk, cs).ok(), model.choose(r));
                return;
            case 7:
                if (stream.chance(50))
                    EXPECT_EQ(comparison_done(chunk).ok(), model.clear());
                return;
            default: lease_step();
        }
    }

    void lease_step() {
        const int who = static_cast<int>(stream.below(2));
        const ClientId opener = others[static_cast<size_t>(who)];
        if (model.writer < 0) {
            if (model.fence && stream.chance(50)) {
                EXPECT_EQ(fence_done(file), 1U);
                model.fence = false;
            }
            EXPECT_EQ(grant(file, LeaseMode::exclusive, opener).ok(), !model.fence);
            if (!model.fence)
                model.writer = who;
            return;
        }
        const ClientId writer = others[static_cast<size_t>(model.writer)];
        switch (stream.below(4)) {
            case 0:
                EXPECT_EQ(end(file, writer, logged::LeaseEnd::expired), 1U);
                model.end_lease();
                return;
            case 1:
                EXPECT_TRUE(
                    run(logged::CloseLease{file, writer, InstanceId(1), epoch(file), false, 0, {}})
                        .ok());
                model.writer = -1;
                model.mark = model.mark && model.comparing;
                return;
            case 2:
                EXPECT_TRUE(
                    run(logged::MarkChunks{file, writer, InstanceId(1), epoch(file), {chunk}})
                        .ok());
                model.mark = true;
                return;
            default: {
                const logged::UnmarkChunks flushed{
                    file, writer, InstanceId(1), epoch(file), {{chunk, version(chunk)}}};
                const bool unmarked = run(flushed).as<logged::UnmarkChunksAnswer>()->unmarked == 1;
                EXPECT_EQ(unmarked, model.mark && !model.comparing);
                model.mark = model.mark && model.comparing;
            }
        }
    }

    void compare() const {
        const Chunk& now = *catalogue.chunk(chunk);
        unsigned in_sync = 0;
        unsigned joining = 0;
        unsigned suspect = 0;
        for (int r = 0; r < replicas; r++) {
            const ChunkPiece* found = now.pieces.find(servers[static_cast<size_t>(r)]);
            if (found == nullptr)
                continue;
            (found->in_sync() ? in_sync : joining) |= bit(r);
            suspect |= found->suspect ? bit(r) : 0;
            ASSERT_EQ(found->since.number, model.base[r]);
        }
        ASSERT_EQ(in_sync, model.in_sync);
        ASSERT_EQ(joining, model.joining);
        ASSERT_EQ(suspect, model.suspect);
        ASSERT_EQ(now.version.number, model.version);
        ASSERT_EQ(now.marked, model.mark);
        ASSERT_EQ(comparing(chunk), model.comparing);
        if (model.comparing) {
            const CsId source = catalogue.comparison(chunk)->source;
            ASSERT_EQ(source,
                      model.source < 0 ? CsId{} : servers[static_cast<size_t>(model.source)]);
        }
        const FileLease* lease = catalogue.lease(file);
        ASSERT_EQ(lease != nullptr && lease->mode == LeaseMode::exclusive, model.writer >= 0);
        ASSERT_EQ(lease != nullptr && lease->fence.has_value(), model.fence);
    }

    Stream stream;
    FileId file;
    ChunkId chunk;
    std::vector<ClientId> others;
    Model model;
};

TEST(ModelTwin, TheCatalogueKeepsTheModelsRules) {
    uint64_t all_suspect = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        Both both(seed);
        for (int i = 0; i < 400; i++) {
            both.step();
            both.compare();
            ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << " step " << i;
            all_suspect += both.model.suspect == both.model.in_sync ? 1 : 0;
        }
    }
    EXPECT_GT(all_suspect, 100U);
}

}  // namespace
}  // namespace cairn::meta
