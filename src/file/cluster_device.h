// ClusterDevice: a file of the cluster as a BlockDevice, so that it can leave through any front. It
// holds one open of the file for as long as it lives; close() flushes and gives it back. A device
// that was opened for writing keeps every other client out, as the lease does.
#pragma once

#include <memory>
#include <string>

#include "block/block_device.h"
#include "client/client.h"

namespace cairn::file {

class ClusterDevice final : public block::BlockDevice {
  public:
    static Task<Result<std::unique_ptr<ClusterDevice>>> open(client::Client& client,
                                                             std::string path, bool read_only);

    ClusterDevice(client::Client& client, std::shared_ptr<client::OpenFile> file, bool read_only)
        : client_(client), file_(std::move(file)), read_only_(read_only) {}

    [[nodiscard]] uint64_t size() const override { return file_->size(); }
    [[nodiscard]] block::DeviceLimits limits() const override;

    Task<Result<Buffer>> read(uint64_t offset, uint32_t length) override;
    Task<Result<void>> write(uint64_t offset, Buffer data, block::WriteFlags flags) override;
    Task<Result<void>> flush() override;
    Task<Result<void>> trim(uint64_t offset, uint64_t length) override;
    Task<Result<void>> zero(uint64_t offset, uint64_t length, block::ZeroFlags flags) override;
    Task<Result<std::vector<block::Extent>>> extents(uint64_t offset, uint64_t length) override;
    Task<Result<void>> resize(uint64_t size) override;
    Task<Result<void>> close() override;

  private:
    client::Client& client_;
    std::shared_ptr<client::OpenFile> file_;
    bool read_only_;
};

}  // namespace cairn::file
