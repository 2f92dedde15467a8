// For tests: a program that has everything under way at once, in frames and in objects that own
// frames: files, names, streams, locks and waits. It takes every error in its stride.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/size.h"
#include "runtime/runtime.h"

namespace cairn::sim {

class Busy {
  public:
    explicit Busy(Runtime& runtime)
        : runtime_(runtime), mutex_(runtime.loop), changed_(runtime.loop), scope_(runtime.loop) {}

    Task<void> run(Address here, Address there) {
        for (int i = 0; i < 4; i++) {
            scope_.spawn(write(i));
            scope_.spawn(wait_for_mutex());
        }
        scope_.spawn(serve(here));
        scope_.spawn(call(there));
        scope_.spawn(wait_for_ever());
        scope_.spawn(names());
        co_await scope_.join();
    }

  private:
    Task<void> write(int number) {
        const std::string path = "/f" + std::to_string(number);
        auto file = co_await runtime_.disk.open(path, {.write = true, .create = true});
        if (!file)
            co_return;
        const Bytes bytes(3 * block_size, static_cast<std::byte>(number));
        for (uint64_t offset = 0;; offset = (offset + block_size) % mib) {
            const ByteView slice(bytes);
            Result<size_t> done = co_await (*file)->write(offset, {&slice, 1});
            if (offset % (8 * block_size) == 0)
                done = co_await (*file)->sync();
            else if (offset % (2 * block_size) == 0)
                done = co_await (*file)->write_durable(offset, {&slice, 1});
            Bytes back(block_size);
            done = co_await (*file)->read(offset, back);
        }
    }
    Task<void> names() {
        for (int i = 0;; i++) {
            const std::string path = "/n" + std::to_string(i % 10);
            auto file = co_await runtime_.disk.open(path, {.write = true, .create = true});
            Result<void> done = co_await runtime_.disk.rename(path, "/m");
            done = co_await runtime_.disk.sync_directory("/");
            done = co_await runtime_.disk.remove("/m");
        }
    }
    Task<void> wait_for_mutex() {
        while (true) {
            const Mutex::Guard guard = co_await mutex_.lock();
            co_await Sleep(runtime_.loop, microseconds(50));
        }
    }
    Task<void> wait_for_ever() { co_await changed_.wait(); }
    Task<void> answer(std::unique_ptr<Stream> stream) {
        Bytes buffer(1000);
        while (true) {
            Result<size_t> count = co_await stream->read(buffer);
            if (!count || *count == 0)
                co_return;
            const std::array<ByteView, 1> slices{ByteView(buffer).first(*count)};
            const Result<void> written = co_await write_all(*stream, slices);
            if (!written)
                co_return;
        }
    }
    Task<void> serve(Address at) {
        auto listener = runtime_.network.listen(at);
        CHECK(listener.has_value());
        while (true) {
            auto stream = co_await (*listener)->accept();
            if (!stream)
                co_return;
            scope_.spawn(answer(std::move(*stream)));
        }
    }
    Task<void> call(Address to) {
        while (true) {
            auto stream = co_await runtime_.network.connect(to, milliseconds(30));
            if (!stream)
                continue;
            while (true) {
                const Bytes bytes(5'000, std::byte{7});
                const std::array<ByteView, 1> slices{ByteView(bytes)};
                const Result<void> written = co_await write_all(**stream, slices);
                if (!written)
                    break;
                Bytes back(bytes.size());
                const Result<void> read = co_await read_exact(**stream, back);
                if (!read)
                    break;
            }
        }
    }

    Runtime& runtime_;
    Mutex mutex_;
    Condition changed_;
    Scope scope_;
};

inline Task<void> be_busy(Runtime& runtime, Address here, Address there) {
    Busy busy(runtime);
    co_await busy.run(here, there);
}

}  // namespace cairn::sim
