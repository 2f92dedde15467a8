// Files of which nothing has been here for long: what was kept of them, their lease epochs and
// fences, goes. Without a replica every request is refused anyhow, and the order that makes one
// brings the epoch of its time. It is kept for as long as an order could still be under way that
// was given before the last replica left.
#include <set>
#include <vector>

#include "chunk/service.h"

namespace cairn::chunk {

bool ChunkService::is_idle(FileId file) const {
    const auto at = fences_.find(file);
    return at != fences_.end() && at->second.use_count() == 1 &&
           at->second->used + forget_files_after_ < runtime_.loop.now();
}

void ChunkService::note_files_here() {
    for (const auto& [chunk, replica] : replicas_)
        static_cast<void>(fence_of(replica->file()));
    // Of before this start.
    for (const FileId file : store_.files_with_epochs()) {
        if (!fences_.contains(file))
            static_cast<void>(fence_of(file));
    }
}

Task<Result<void>> ChunkService::forget_idle_files() {
    const Instant now = runtime_.loop.now();
    if (now < look_for_idle_files_at_)
        co_return Result<void>();
    look_for_idle_files_at_ = now + forget_files_after_ / 4;
    note_files_here();
    std::vector<FileId> idle;
    for (const auto& [file, fence] : fences_) {
        if (is_idle(file))
            idle.push_back(file);
    }
    for (const FileId file : idle) {
        // Looked at again in the step that forgets: something of it may have come meanwhile.
        const auto let_go = [this, file] {
            const bool still_idle = is_idle(file);
            if (still_idle)
                fences_.erase(file);
            return still_idle;
        };
        CO_TRY(co_await store_.forget_file_epoch(file, let_go));
    }
    co_return Result<void>();
}

}  // namespace cairn::chunk
