#include "raft/membership.h"

#include "base/check.h"

namespace cairn::raft {

Result<void> validate(const Membership& membership) {
    MdsId before;
    bool has_voter = false;
    for (const Member& member : membership.members) {
        if (member.id <= before)
            return Error(Code::invalid_argument,
                         "membership: ids must be ordered, unique and not 0");
        before = member.id;
        has_voter = has_voter || !member.learner;
    }
    if (!has_voter)
        return Error(Code::invalid_argument, "membership: at least one member must vote");
    return {};
}

bool is_single_change(const Membership& from, const Membership& to) {
    size_t changes = 0;
    for (const Member& member : to.members) {
        const Member* old = from.find(member.id);
        changes += old == nullptr || *old != member ? 1 : 0;
    }
    for (const Member& member : from.members)
        changes += to.find(member.id) == nullptr ? 1 : 0;
    return changes <= 1;
}

void put_membership(ByteWriter& out, const Membership& membership) {
    out.put(static_cast<uint32_t>(membership.members.size()));
    for (const Member& member : membership.members) {
        out.put(member.id);
        out.put(static_cast<uint8_t>(member.learner ? 1 : 0));
        out.put_bytes(member.address);
    }
}

Membership get_membership(ByteReader& in) {
    Membership membership;
    const uint32_t count = in.get_count(4 + 1 + 4);
    for (uint32_t i = 0; i < count && in.ok(); i++) {
        Member member;
        in.get(member.id);
        in.get(member.learner);
        const ByteView address = in.get_bytes();
        member.address.assign(address.begin(), address.end());
        membership.members.push_back(std::move(member));
    }
    return membership;
}

Buffer encode_membership(const Membership& membership) {
    Bytes bytes;
    ByteWriter out(bytes);
    put_membership(out, membership);
    return Buffer::copy_of(bytes);
}

Result<Membership> decode_membership(ByteView payload) {
    ByteReader in(payload);
    Membership membership = get_membership(in);
    if (!in.finished())
        return Error(Code::corrupt, "membership entry: malformed");
    if (const auto valid = validate(membership); !valid)
        return Error(Code::corrupt, valid.error().message());
    return membership;
}

MembershipHistory::MembershipHistory(LogIndex index, Membership base) {
    steps_.push_back({index, std::move(base)});
}

const Membership& MembershipHistory::at(LogIndex index) const {
    CHECK(index >= steps_.front().index);
    size_t found = steps_.size() - 1;
    while (steps_[found].index > index)
        found--;
    return steps_[found].membership;
}

void MembershipHistory::append(LogIndex index, Membership membership) {
    CHECK(index > steps_.back().index);
    steps_.push_back({index, std::move(membership)});
}

void MembershipHistory::truncate_from(LogIndex index) {
    CHECK_NOTE(index > steps_.front().index, "cutting off what a snapshot stands for");
    while (steps_.back().index >= index)
        steps_.pop_back();
}

void MembershipHistory::compact(LogIndex up_to) {
    while (steps_.size() > 1 && steps_[1].index <= up_to)
        steps_.erase(steps_.begin());
}

void MembershipHistory::reset(LogIndex index, Membership base) {
    steps_.clear();
    steps_.push_back({index, std::move(base)});
}

}  // namespace cairn::raft
