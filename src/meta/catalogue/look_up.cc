// Finding a node by its path.
#include <algorithm>
#include <fmt/core.h>

#include "meta/catalogue/catalogue.h"

namespace cairn::meta {

namespace {

// The components of `path`, last one first, before what is still to be walked.
void push_components(std::vector<std::string>& ahead, std::string_view path) {
    const size_t before = ahead.size();
    while (!path.empty()) {
        const size_t slash = path.find('/');
        const std::string_view component = path.substr(0, slash);
        if (!component.empty() && component != ".")
            ahead.emplace_back(component);
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    std::reverse(ahead.begin() + static_cast<ptrdiff_t>(before), ahead.end());
}

}  // namespace

Result<FileId> Catalogue::look_up(FileId start, std::string_view path, bool follow_last) const {
    if (path.size() > path_bytes_max)
        return Error(Code::invalid_argument, "the path is longer than 4096 bytes");
    FileId at = path.starts_with('/') ? root_file : start;
    std::vector<std::string> ahead;
    push_components(ahead, path);
    uint32_t followed = 0;
    if (node(at) == nullptr)
        return Error(Code::not_found, fmt::format("file {} does not exist", at.number));
    while (!ahead.empty()) {
        const std::string component = std::move(ahead.back());
        ahead.pop_back();
        const Node* directory = node(at);
        if (!directory->is_directory())
            return Error(Code::not_a_directory, path_of(at) + " is not a directory");
        if (component == "..") {
            at = at == root_file ? root_file : directory->parent;
            continue;
        }
        const auto entry = directory->entries->find(component);
        if (entry == directory->entries->end())
            return Error(Code::not_found,
                         fmt::format("'{}' does not exist in {}", component, path_of(at)));
        const Node* found = node(entry->second);
        if (found->kind != NodeKind::symlink || (ahead.empty() && !follow_last)) {
            at = entry->second;
            continue;
        }
        if (++followed > symlinks_followed_max)
            return Error(Code::invalid_argument, fmt::format("more than {} symbolic links in '{}'",
                                                             symlinks_followed_max, path));
        if (found->symlink_target->starts_with('/'))
            at = root_file;
        push_components(ahead, *found->symlink_target);
    }
    return at;
}

}  // namespace cairn::meta
