// Several loops in one process, each on its thread, that talk through mailboxes.
#include "runtime/real/inbox.h"

#include <gtest/gtest.h>
#include <optional>
#include <semaphore>
#include <thread>

#include "runtime/real/test_machine.h"

namespace cairn::real {
namespace {

// One side of a conversation: counts what it is told, and tells the other.
struct Party {
    Party(Loop& the_loop, uint64_t messages) : loop(the_loop), done(the_loop), expected(messages) {}

    void hear(uint64_t number) {
        in_order = in_order && number == heard;
        if (++heard == expected)
            done.set();
    }

    Loop& loop;
    Event done;
    uint64_t expected;
    uint64_t heard = 0;
    bool in_order = true;
};

Task<void> talk(Party& me, Mailbox& to, Party& other) {
    for (uint64_t i = 0; i < me.expected; i++) {
        to.post([&other, i] { other.hear(i); });
        if (i % 7 == 0)
            co_await Yield(me.loop);
        if (i % 1000 == 0)
            co_await Sleep(me.loop, microseconds(200));  // so that the other side falls asleep
    }
    co_await me.done.wait();
}

TEST(Mailbox, CarriesWorkBothWaysInOrder) {
    constexpr uint64_t messages = 20'000;
    TestMachine here;
    Party near(here.loop(), messages);
    std::unique_ptr<Mailbox> to_here = here.reactor().make_mailbox();
    std::optional<Party> far;
    std::unique_ptr<Mailbox> to_there;
    std::binary_semaphore ready(0);
    std::thread thread([&] {
        TestMachine there;
        far.emplace(there.loop(), messages);
        to_there = there.reactor().make_mailbox();
        ready.release();
        there.run(talk(*far, *to_here, near));
        EXPECT_EQ(far->heard, messages);
        EXPECT_TRUE(far->in_order);
        far.reset();
    });
    ready.acquire();
    here.run(talk(near, *to_there, *far));
    EXPECT_EQ(near.heard, messages);
    EXPECT_TRUE(near.in_order);
    thread.join();
}

TEST(Mailbox, DropsWhatComesTooLate) {
    const auto owned = std::make_shared<int>(0);
    std::unique_ptr<Mailbox> mailbox;
    {
        TestMachine machine;
        mailbox = machine.reactor().make_mailbox();
        mailbox->post([owned] { (*owned)++; });  // in time, but the loop does not run any more
        EXPECT_EQ(owned.use_count(), 2);
    }
    EXPECT_EQ(owned.use_count(), 1);
    mailbox->post([owned] { (*owned)++; });
    EXPECT_EQ(owned.use_count(), 1);
    EXPECT_EQ(*owned, 0);
}

}  // namespace
}  // namespace cairn::real
