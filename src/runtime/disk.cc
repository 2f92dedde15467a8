#include "runtime/disk.h"

#include <array>

namespace cairn {

Result<FileExtent> File::extent_at(uint64_t offset) {
    static_cast<void>(offset);
    Result<uint64_t> end = size();
    if (!end)
        return end.error();
    return FileExtent{*end, false};
}

Task<Result<void>> read_exact(File& file, uint64_t offset, MutableByteView into) {
    while (!into.empty()) {
        Result<size_t> count = co_await file.read(offset, into);
        if (!count)
            co_return count.error();
        if (*count == 0)
            co_return Error(Code::out_of_range, "the file ends before what was to be read");
        offset += *count;
        into = into.subspan(*count);
    }
    co_return Result<void>();
}

Task<Result<void>> write_all(File& file, uint64_t offset, ByteView bytes) {
    while (!bytes.empty()) {
        const std::array<ByteView, 1> slices{bytes};
        Result<size_t> count = co_await file.write(offset, slices);
        if (!count)
            co_return count.error();
        CHECK(*count > 0 && *count <= bytes.size());
        offset += *count;
        bytes = bytes.subspan(*count);
    }
    co_return Result<void>();
}

Task<Result<Bytes>> read_whole_file(Disk& disk, std::string path, size_t limit) {
    auto file = co_await disk.open(path, {});
    if (!file)
        co_return file.error();
    Result<uint64_t> size = (*file)->size();
    if (!size)
        co_return size.error();
    if (*size > limit)
        co_return Error(Code::too_large, path + " is larger than such a file can be");
    Bytes content(*size);
    CO_TRY(co_await read_exact(**file, 0, content));
    co_return content;
}

Task<Result<void>> replace_file(Disk& disk, std::string path, Bytes content, uint32_t mode) {
    const std::string fresh = path + ".new";
    {
        auto file = co_await disk.open(fresh, {.write = true, .create = true, .mode = mode});
        if (!file)
            co_return file.error();
        Result<size_t> cut = co_await (*file)->truncate(0);
        if (!cut)
            co_return cut.error();
        CO_TRY(co_await write_all(**file, 0, content));
        Result<size_t> synced = co_await (*file)->sync();
        if (!synced)
            co_return synced.error();
    }
    CO_TRY(co_await disk.rename(fresh, path));
    co_return co_await disk.sync_directory(parent_of(path));
}

std::string parent_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos)
        return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace cairn
