#include "runtime/real/shared_memory.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "runtime/real/descriptor.h"

namespace cairn::real {

namespace {

constexpr const char* folder = "/dev/shm";
constexpr std::string_view prefix = "cairn%";
constexpr size_t name_max = 255;

// "cairn%" and the absolute path with its '/' as "%2F"; of a long one only a checksum.
std::string name_for(const std::string& path) {
    const std::string whole = std::filesystem::absolute(path).lexically_normal().string();
    std::string name(prefix);
    for (const char letter : whole)
        name += letter == '/' ? "%2F" : letter == '%' ? "%25" : std::string(1, letter);
    if (name.size() > name_max)
        return fmt::format("cairn-{:016x}", checksum(bytes_of(whole)));
    return name;
}

// Of which file; empty if it is none of ours.
std::string path_of(std::string_view name) {
    std::string path;
    if (!name.starts_with(prefix))
        return path;
    name.remove_prefix(prefix.size());
    while (!name.empty()) {
        const bool slash = name.starts_with("%2F");
        const bool escaped = slash || name.starts_with("%25");
        path += slash ? '/' : name.front();
        name.remove_prefix(escaped ? 3 : 1);
    }
    return path;
}

Result<void> claim(int file, const std::string& what) {
    struct flock claim{};
    claim.l_type = F_WRLCK;
    claim.l_whence = SEEK_SET;
    if (::fcntl(file, F_OFD_SETLK, &claim) == 0)
        return {};
    if (errno == EAGAIN || errno == EACCES)
        return Error(Code::busy, what + ": in use by another process");
    return error_of_errno(errno, what);
}

Result<void> set_size(int file, size_t bytes, const std::string& what) {
    struct stat status{};
    if (::fstat(file, &status) < 0)
        return error_of_errno(errno, what);
    if (status.st_size != 0 && static_cast<size_t>(status.st_size) != bytes)
        return Error(Code::invalid_argument, what + " has another size");
    // What is not backed by memory would end the process when it is touched.
    const int problem = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
    if (problem != 0)
        return error_of_errno(problem, what);
    return {};
}

// Where a process was killed, and what it belonged to was removed instead of started again.
void remove_orphans() {
    std::error_code failed;
    std::filesystem::directory_iterator entry(folder, failed);
    for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
        const std::string name = entry->path().filename().string();
        const std::string owner = path_of(name);
        if (owner.empty() || ::access(owner.c_str(), F_OK) == 0 || errno != ENOENT)
            continue;
        const int file = ::shm_open(("/" + name).c_str(), O_RDWR | O_CLOEXEC, 0600);
        if (file < 0)
            continue;
        const Descriptor descriptor(file);
        if (claim(file, name))
            ::shm_unlink(("/" + name).c_str());
    }
}

}  // namespace

Result<std::unique_ptr<SharedMemory>> RealSharedMemory::open(const std::string& path,
                                                             size_t bytes) {
    remove_orphans();
    const std::string name = name_for(path);
    const std::string what = "shared memory of " + path;
    const int file = ::shm_open(("/" + name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return error_of_errno(errno, what);
    // The mapping keeps the lock.
    const Descriptor descriptor(file);
    TRY(claim(file, what));
    TRY(set_size(file, bytes, what));
    void* mapped =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
    if (mapped == MAP_FAILED)
        return error_of_errno(errno, what);
    return std::unique_ptr<SharedMemory>(std::make_unique<RealSharedMemory>(
        name, MutableByteView(static_cast<std::byte*>(mapped), bytes)));
}

RealSharedMemory::~RealSharedMemory() {
    ::munmap(mapped_.data(), mapped_.size());
}

void RealSharedMemory::remove() {
    ::shm_unlink(("/" + name_).c_str());
}

}  // namespace cairn::real
