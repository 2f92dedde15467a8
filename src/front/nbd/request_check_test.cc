#include "front/nbd/request_check.h"

#include <gtest/gtest.h>
#include <vector>

namespace cairn::nbd {
namespace {

const ServedExport plain{.size = 1 << 20,
                         .limits = {.supports_trim = true},
                         .structured_replies = true,
                         .block_status = true};

WireError verdict(const Request& request, const ServedExport& served = plain) {
    const auto refusal = refuse(request, served);
    return refusal ? refusal->error : WireError::none;
}

Request make(Command command, uint64_t offset, uint32_t length, uint16_t flags = 0) {
    return {.flags = flags, .command = command, .cookie = 1, .offset = offset, .length = length};
}

TEST(NbdRequest, WithinTheExportIsServed) {
    for (const Command command : {Command::read, Command::write, Command::trim, Command::cache,
                                  Command::write_zeroes, Command::block_status}) {
        EXPECT_EQ(verdict(make(command, 0, 1 << 20)), WireError::none);
        EXPECT_EQ(verdict(make(command, (1 << 20) - 1, 1)), WireError::none);
        EXPECT_EQ(verdict(make(command, 0, 0)), WireError::invalid);
    }
    EXPECT_EQ(verdict(make(Command::flush, 0, 0)), WireError::none);
    EXPECT_EQ(verdict(make(static_cast<Command>(8), 0, 1)), WireError::invalid);
}

TEST(NbdRequest, BeyondTheEnd) {
    EXPECT_EQ(verdict(make(Command::read, 1 << 20, 1)), WireError::invalid);
    EXPECT_EQ(verdict(make(Command::write, 1, 1 << 20)), WireError::no_space);
    EXPECT_EQ(verdict(make(Command::write_zeroes, 1, 1 << 20)), WireError::no_space);
    EXPECT_EQ(verdict(make(Command::trim, 1, 1 << 20)), WireError::invalid);
    EXPECT_EQ(verdict(make(Command::read, UINT64_MAX, UINT32_MAX)), WireError::invalid);
    EXPECT_EQ(verdict(make(Command::block_status, UINT64_MAX - 5, 10)), WireError::invalid);
}

TEST(NbdRequest, Flags) {
    EXPECT_EQ(verdict(make(Command::write, 0, 1, fua)), WireError::none);
    EXPECT_EQ(verdict(make(Command::read, 0, 1, fua)), WireError::invalid);
    EXPECT_EQ(verdict(make(Command::read, 0, 1, dont_fragment)), WireError::none);
    EXPECT_EQ(verdict(make(Command::write_zeroes, 0, 1, fua | no_hole | fast_zero)),
              WireError::none);
    EXPECT_EQ(verdict(make(Command::write, 0, 1, 1 << 9)), WireError::invalid);
    ServedExport simple = plain;
    simple.structured_replies = false;
    EXPECT_EQ(verdict(make(Command::read, 0, 1, dont_fragment), simple), WireError::invalid);
}

TEST(NbdRequest, ReadOnly) {
    ServedExport served = plain;
    served.read_only = true;
    EXPECT_EQ(verdict(make(Command::write, 0, 1), served), WireError::not_permitted);
    EXPECT_EQ(verdict(make(Command::trim, 0, 1), served), WireError::not_permitted);
    EXPECT_EQ(verdict(make(Command::write_zeroes, 0, 1), served), WireError::not_permitted);
    EXPECT_EQ(verdict(make(Command::read, 0, 1), served), WireError::none);
    EXPECT_EQ(verdict(make(Command::flush, 0, 0), served), WireError::none);
    const uint16_t flags = transmission_flags(served.limits, true);
    EXPECT_TRUE(flags & read_only);
    EXPECT_FALSE(flags & (send_trim | send_write_zeroes | send_fua));
}

TEST(NbdRequest, SizesAndUnits) {
    ServedExport served = plain;
    served.size = UINT64_MAX;
    served.limits.minimum_block_size = 512;
    const uint32_t longest = served.limits.maximum_transfer;
    EXPECT_EQ(verdict(make(Command::read, 0, longest), served), WireError::none);
    EXPECT_EQ(verdict(make(Command::read, 0, longest + 512), served), WireError::invalid);
    EXPECT_EQ(verdict(make(Command::trim, 0, longest + 512), served), WireError::none);
    EXPECT_EQ(verdict(make(Command::read, 1, 512), served), WireError::invalid);
    EXPECT_EQ(verdict(make(Command::read, 512, 100), served), WireError::invalid);
    EXPECT_FALSE(is_absurd(make(Command::write, 0, 2 * longest), served));
    EXPECT_TRUE(is_absurd(make(Command::write, 0, 2 * longest + 1), served));
    EXPECT_FALSE(is_absurd(make(Command::trim, 0, UINT32_MAX), served));
}

TEST(NbdRequest, StatusNeedsItsContext) {
    ServedExport served = plain;
    served.block_status = false;
    EXPECT_EQ(verdict(make(Command::block_status, 0, 1), served), WireError::invalid);
}

TEST(NbdRun, SplitsAtWholeBlocksOfZeros) {
    Bytes content(5 * 4096);
    content[4096 + 17] = std::byte{1};
    content[5 * 4096 - 1] = std::byte{1};
    ContentRun run = first_run(content, 0);
    EXPECT_TRUE(run.is_zero);
    EXPECT_EQ(run.size, 4096u);
    run = first_run(ByteView(content).subspan(4096), 4096);
    EXPECT_FALSE(run.is_zero);
    EXPECT_EQ(run.size, 4096u);
    run = first_run(ByteView(content).subspan(8192), 8192);
    EXPECT_TRUE(run.is_zero);
    EXPECT_EQ(run.size, 8192u);
    // Parts of blocks count as data, whatever they hold.
    run = first_run(ByteView(content).first(4000), 0);
    EXPECT_FALSE(run.is_zero);
    EXPECT_EQ(run.size, 4000u);
    run = first_run(ByteView(content).subspan(8192), 8192 + 100);
    EXPECT_FALSE(run.is_zero);
    EXPECT_EQ(run.size, 3996u);
    EXPECT_EQ(first_run({}, 0).size, 0u);
}

}  // namespace
}  // namespace cairn::nbd
