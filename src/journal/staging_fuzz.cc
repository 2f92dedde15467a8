// Whatever stands in the memory that a killed process is said to have left: reading it ends, and
// what is read lies within it.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "journal/ring_group.h"
#include "journal/staging_area.h"

namespace {

class InputMemory final : public cairn::SharedMemory {
  public:
    explicit InputMemory(cairn::Bytes bytes) : bytes_(std::move(bytes)) {}
    cairn::MutableByteView view() override { return bytes_; }
    void remove() override {}

  private:
    cairn::Bytes bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace cairn;
    constexpr size_t area_size = 8 * kib;
    Bytes memory(4096 + area_size);
    std::memcpy(memory.data(), data, std::min(size, memory.size()));
    const journal::StagingArea area(std::make_unique<InputMemory>(std::move(memory)));
    static_cast<void>(area.session_of(0));
    if (const auto records = area.records()) {
        size_t bytes = 0;
        for (const journal::StagedRecord& record : *records) {
            CHECK(record.fields.size() <= journal::record_fields_max);
            bytes += record.fields.size() + record.payload.size();
        }
        CHECK(bytes <= area_size);
    }
    return 0;
}
