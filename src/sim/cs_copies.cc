#include "sim/cs_copies.h"

#include <algorithm>
#include <fmt/core.h>
#include <vector>

#include "chunk/repository_format.h"
#include "meta/catalogue/catalogue.h"
#include "meta/master/master.h"

namespace cairn::sim {

using Kind = SimCluster::Service::Kind;

namespace {

bool contains(const std::vector<uint64_t>& marks, uint64_t mark) {
    return std::ranges::find(marks, mark) != marks.end();
}

std::vector<uint64_t> marks_in(ByteView file) {
    Result<chunk::StartMarks> starts = chunk::decode_starts(file);
    return starts ? std::move(starts->marks) : std::vector<uint64_t>();
}

// The starts that a repository knows.
std::vector<uint64_t> marks_of(const TreeImage& repository) {
    const auto file = repository.children.find("starts");
    if (file == repository.children.end())
        return {};
    Bytes bytes(file->second.content.size());
    file->second.content.read(0, bytes);
    return marks_in(bytes);
}

}  // namespace

SimCluster::Service& CsCopies::service() const {
    return cluster_.service(Kind::cs, copy_->index);
}

// As the master has it; none where nobody can say.
std::optional<uint64_t> CsCopies::last_start() const {
    const meta::Master* master = cluster_.master();
    const meta::CsRecord* record =
        master == nullptr ? nullptr : master->catalogue().server(copy_->cs);
    if (record == nullptr)
        return std::nullopt;
    return record->start_mark;
}

void CsCopies::make_copy() {
    const size_t index =
        world_.random().below(size_t{cluster_.shape().cs_hosts} * cluster_.shape().cs_per_host);
    SimCluster::Service& original = cluster_.service(Kind::cs, index);
    if (original.rots || original.held || !original.machine->powered())
        return;
    cluster_.kill(original, milliseconds(static_cast<int64_t>(world_.random().below(2000))));
    Result<TreeImage> image = original.machine->save(original.path);
    if (image)
        copy_ = Copy{index, original.cs, std::move(*image)};
}

void CsCopies::put_in_place() {
    SimCluster::Service& victim = service();
    const std::optional<uint64_t> last = last_start();
    if (victim.cs != copy_->cs || victim.rots) {
        copy_.reset();
        return;
    }
    const std::vector<uint64_t> known = marks_of(copy_->repository);
    // Without a start since, or if none was ever accepted, it is as good as the original.
    if (!last || *last == 0 || contains(known, *last) || victim.held ||
        !victim.machine->powered() || replacement_.under_way())
        return;
    cluster_.kill(victim, Duration());
    Result<TreeImage> newest = victim.machine->save(victim.path);
    if (!newest)
        return;
    // Nor if it was the master that lags. The original knows of one that was accepted.
    const std::vector<uint64_t> since = marks_of(*newest);
    if (since.empty() || contains(known, since.front()) ||
        !victim.machine->restore(victim.path, copy_->repository))
        return;
    // The copy takes the memory in which the original held what it had not written yet.
    cluster_.forget_memory(*victim.machine);
    newest_ = std::move(*newest);
    world_.hit_probe("old copy of a chunk server brought back");
    drop_at_ =
        world_.now() + seconds(2) + milliseconds(static_cast<int64_t>(world_.random().below(4000)));
    stage_ = Stage::trying;
}

void CsCopies::strike() {
    if (under_way())
        return;
    if (copy_)
        put_in_place();
    else
        make_copy();
}

// None of the starts that it made since was accepted.
void CsCopies::judge() {
    const std::optional<uint64_t> last = last_start();
    const Result<Bytes> file = service().machine->peek(service().path + "/starts");
    if (last && file && contains(marks_in(*file), *last) &&
        !contains(marks_of(copy_->repository), *last))
        cluster_.state().failure =
            fmt::format("an old copy of CS#{} was believed", copy_->cs.number);
}

void CsCopies::put_back() {
    SimCluster::Service& victim = service();
    if (!victim.machine->powered())
        return;
    cluster_.kill(victim, Duration());
    CHECK(victim.machine->restore(victim.path, newest_).has_value());
    victim.held = false;
    copy_.reset();
    stage_ = Stage::idle;
}

void CsCopies::supervise() {
    switch (stage_) {
        case Stage::idle: return;
        case Stage::trying:
            // Replaced by somebody else meanwhile: the copy is nowhere any more.
            if (service().cs != copy_->cs) {
                copy_.reset();
                stage_ = Stage::idle;
                return;
            }
            judge();
            if (world_.now() >= drop_at_ && replacement_.drop(copy_->index))
                stage_ = Stage::dropping;
            return;
        case Stage::dropping:
            if (replacement_.under_way())
                return;
            if (service().cs != copy_->cs) {
                copy_.reset();
                stage_ = Stage::idle;
                return;
            }
            stage_ = Stage::putting_back;
            return put_back();
        case Stage::putting_back: return put_back();
    }
}

}  // namespace cairn::sim
