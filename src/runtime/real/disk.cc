#include "runtime/real/disk.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <liburing.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "runtime/real/call.h"
#include "runtime/real/file.h"
#include "runtime/real/file_lock.h"

namespace cairn::real {

namespace {

constexpr mode_t directory_mode = 0755;

int flags_of(const OpenOptions& options) {
    int flags = O_CLOEXEC | (options.write ? O_RDWR : O_RDONLY);
    if (options.create)
        flags |= O_CREAT | (options.exclusive ? O_EXCL : 0);
    if (options.caching == Caching::direct)
        flags |= O_DIRECT;
    return flags;
}

bool is_directory(int descriptor) {
    struct stat status{};
    return ::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_directory_entry(DIR* directory, const dirent& entry) {
    if (entry.d_type != DT_UNKNOWN)
        return entry.d_type == DT_DIR;
    struct stat status{};  // some file systems do not say
    return ::fstatat(::dirfd(directory), entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
}

// The claim ends with the descriptor, and is seen by other programs that lock what they write, as
// QEMU does with disk images.
Result<void> claim(int descriptor, const std::string& path) {
    struct flock wanted{};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    if (::fcntl(descriptor, F_OFD_SETLK, &wanted) == 0)
        return {};
    if (errno == EAGAIN || errno == EACCES)
        return Error(Code::busy, path + ": in use by another program");
    return error_of_errno(errno, path);
}

}  // namespace

Task<int> RealDisk::open_descriptor(std::string path, int flags, uint32_t mode) {
    Call call(reactor_, Call::Yields::descriptor);
    io_uring_prep_openat(call.prepare(), AT_FDCWD, path.c_str(), flags, mode);
    const int result = co_await call;
    co_return result;
}

Task<Result<std::unique_ptr<File>>> RealDisk::open(std::string path, OpenOptions options) {
    int number = co_await open_descriptor(path, flags_of(options), options.mode);
    if (number == -EINVAL && options.caching == Caching::direct) {
        // Refused by the file system, after `create` made the file: so no longer exclusively.
        // Everything holds without O_DIRECT too, for durability does not lean on it.
        if (!std::exchange(told_of_fall_back_, true))
            log_.write(Severity::warning, "disk",
                       path + " is on a file system without direct I/O: going through the cache");
        OpenOptions cached = options;
        cached.caching = Caching::buffered;
        cached.exclusive = false;
        number = co_await open_descriptor(path, flags_of(cached), cached.mode);
    }
    if (number < 0)
        co_return error_of_errno(-number, path);
    Descriptor descriptor(number);
    if (is_directory(number))
        co_return error_of_errno(EISDIR, path);
    if (options.claim)
        CO_TRY(claim(number, path));
    co_return std::make_unique<RealFile>(reactor_, std::move(descriptor), options.caching,
                                         std::move(path));
}

Task<Result<void>> RealDisk::remove(std::string path) {
    int result = 0;
    {
        Call call(reactor_);
        io_uring_prep_unlinkat(call.prepare(), AT_FDCWD, path.c_str(), 0);
        result = co_await call;
    }
    if (result == -EISDIR) {
        Call call(reactor_);
        io_uring_prep_unlinkat(call.prepare(), AT_FDCWD, path.c_str(), AT_REMOVEDIR);
        result = co_await call;
    }
    if (result < 0)
        co_return error_of_errno(-result, path);
    co_return Result<void>();
}

Task<Result<void>> RealDisk::rename(std::string from, std::string to) {
    Call call(reactor_);
    io_uring_prep_renameat(call.prepare(), AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0);
    const int result = co_await call;
    if (result < 0)
        co_return error_of_errno(-result, from + " to " + to);
    co_return Result<void>();
}

Task<Result<void>> RealDisk::make_directories(std::string path) {
    for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const std::string part = path.substr(0, slash);
        struct stat status{};
        const bool is_there = ::stat(part.c_str(), &status) == 0;
        if (is_there && !S_ISDIR(status.st_mode))
            co_return error_of_errno(ENOTDIR, part);
        if (!is_there && ::mkdir(part.c_str(), directory_mode) < 0 && errno != EEXIST)
            co_return error_of_errno(errno, part);
        if (slash == std::string::npos)
            co_return Result<void>();
    }
}

Task<Result<void>> RealDisk::sync_directory(std::string path) {
    const int number = co_await open_descriptor(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (number < 0)
        co_return error_of_errno(-number, path);
    const Descriptor directory(number);
    Call call(reactor_);
    io_uring_prep_fsync(call.prepare(), number, 0);
    const int result = co_await call;
    if (result < 0)
        co_return error_of_errno(-result, path);
    co_return Result<void>();
}

Task<Result<std::vector<DirectoryEntry>>> RealDisk::list(std::string path) {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr)
        co_return error_of_errno(errno, path);
    std::vector<DirectoryEntry> entries;
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..")
            entries.push_back({std::string(name), is_directory_entry(directory, *entry)});
        errno = 0;
    }
    const int problem = errno;
    ::closedir(directory);
    if (problem != 0)
        co_return error_of_errno(problem, path);
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    co_return entries;
}

Task<Result<FileStatus>> RealDisk::status(std::string path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) < 0)
        co_return error_of_errno(errno, path);
    co_return FileStatus{.size = static_cast<uint64_t>(status.st_size),
                         .allocated = static_cast<uint64_t>(status.st_blocks) * 512,
                         .is_directory = S_ISDIR(status.st_mode)};
}

Result<DiskSpace> RealDisk::space(const std::string& path) {
    struct statvfs space{};
    struct stat status{};
    if (::statvfs(path.c_str(), &space) < 0 || ::stat(path.c_str(), &status) < 0)
        return error_of_errno(errno, path);
    return DiskSpace{.total = space.f_blocks * space.f_frsize,
                     .free = space.f_bavail * space.f_frsize,
                     .filesystem = status.st_dev};
}

Result<std::unique_ptr<FileLock>> RealDisk::lock(const std::string& path) {
    return RealFileLock::take(path);
}

}  // namespace cairn::real
