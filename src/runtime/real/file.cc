#include "runtime/real/file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <linux/fs.h>

#include "base/size.h"
#include "runtime/real/ring.h"

namespace cairn::real {

namespace {

// The kernel moves at most this much in one call; what is longer comes back short.
constexpr size_t transfer_max = 0x7ffff000;

bool is_block_multiple(uint64_t value) {
    return value % block_size == 0;
}

bool is_block_multiple(ByteView bytes) {
    return is_block_multiple(bytes.size()) &&
           is_block_multiple(reinterpret_cast<uint64_t>(bytes.data()));
}

}  // namespace

Result<uint64_t> RealFile::size() {
    // Not fstat: a block device has its size here too.
    const off_t end = ::lseek(descriptor_.number(), 0, SEEK_END);
    if (end < 0)
        return error_of_errno(errno, path_);
    return static_cast<uint64_t>(end);
}

Result<FileExtent> RealFile::extent_at(uint64_t offset) {
    const auto at = static_cast<off_t>(offset);
    const off_t data = ::lseek(descriptor_.number(), at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) {  // no data from here on
        Result<uint64_t> end = size();
        if (!end)
            return end.error();
        return FileExtent{*end, true};
    }
    if (data < 0 && (errno == EINVAL || errno == ENOTSUP))
        return File::extent_at(offset);
    if (data < 0)
        return error_of_errno(errno, path_);
    if (data > at)
        return FileExtent{static_cast<uint64_t>(data), true};
    const off_t hole = ::lseek(descriptor_.number(), at, SEEK_HOLE);
    if (hole < 0)
        return error_of_errno(errno, path_);
    return FileExtent{static_cast<uint64_t>(hole), false};
}

void RealFile::start(IoOperation& operation) {
    // Most disks take smaller units; what works on one must not fail on the next.
    CHECK_NOTE(caching_ == Caching::buffered || is_aligned(operation),
               "direct files are read and written in whole blocks, from memory aligned like them");
    const int file = descriptor_.number();
    switch (operation.kind()) {
        case IoKind::read: {
            io_uring_sqe* slot = reactor_.slot();
            const MutableByteView into = operation.into();
            io_uring_prep_read(slot, file, into.data(),
                               static_cast<unsigned>(std::min(into.size(), transfer_max)),
                               operation.offset());
            reactor_.start(slot, operation, descriptor_);
            return;
        }
        case IoKind::write:
        case IoKind::write_durable: start_write(operation); return;
        case IoKind::sync: {
            io_uring_sqe* slot = reactor_.slot();
            io_uring_prep_fsync(slot, file, IORING_FSYNC_DATASYNC);
            reactor_.start(slot, operation, descriptor_);
            return;
        }
        case IoKind::allocate: start_allocation(operation, 0); return;
        case IoKind::punch_hole:
            start_allocation(operation, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
            return;
        case IoKind::truncate: {
            // The ring has this call only from Linux 6.9 on.
            const int result = ::ftruncate(file, static_cast<off_t>(operation.offset()));
            reactor_.complete_later(operation, descriptor_, result < 0 ? -errno : 0);
            return;
        }
    }
}

bool RealFile::is_aligned(const IoOperation& operation) const {
    switch (operation.kind()) {
        case IoKind::read:
            return is_block_multiple(operation.offset()) && is_block_multiple(operation.into());
        case IoKind::write:
        case IoKind::write_durable:
            return is_block_multiple(operation.offset()) &&
                   std::ranges::all_of(operation.slices(),
                                       [](ByteView slice) { return is_block_multiple(slice); });
        default: return true;
    }
}

void RealFile::start_write(IoOperation& operation) {
    const int file = descriptor_.number();
    const std::span<const ByteView> slices = operation.slices();
    io_uring_sqe* slot = reactor_.slot();
    if (slices.size() == 1) {
        io_uring_prep_write(slot, file, slices[0].data(),
                            static_cast<unsigned>(std::min(slices[0].size(), transfer_max)),
                            operation.offset());
    } else {
        const std::span<iovec> vectors = reactor_.scratch().vectors(slices);
        io_uring_prep_writev(slot, file, vectors.data(), static_cast<unsigned>(vectors.size()),
                             operation.offset());
    }
    if (operation.kind() == IoKind::write_durable)
        slot->rw_flags = RWF_DSYNC;
    reactor_.start(slot, operation, descriptor_);
}

void RealFile::start_allocation(IoOperation& operation, int mode) {
    io_uring_sqe* slot = reactor_.slot();
    io_uring_prep_fallocate(slot, descriptor_.number(), mode,
                            static_cast<off_t>(operation.offset()),
                            static_cast<off_t>(operation.length()));
    reactor_.start(slot, operation, descriptor_);
}

void RealFile::forget(IoOperation&) {
    CHECK_NOTE(false,
               "a frame was destroyed under its file operation: shut the reactor down first");
}

}  // namespace cairn::real
