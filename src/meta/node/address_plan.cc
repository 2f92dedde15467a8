#include "meta/node/address_plan.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/small_file.h"
#include "meta/node/member_address.h"

namespace cairn::meta {

namespace {

constexpr SmallFileKind plan_file{0x564F4D4E52494143ULL, 1, "the list of new addresses",
                                  ": run configure-mds again"};  // "CAIRNMOV"
constexpr size_t server_bytes_least = 4 + 6 + 4;
constexpr size_t address_bytes_least = 6;

std::string ids_text(const std::vector<MdsId>& ids) {
    std::string text;
    for (const MdsId id : ids)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", id.number);
    return text;
}

std::vector<MdsId> ids_of(const raft::Membership& members) {
    std::vector<MdsId> ids;
    ids.reserve(members.members.size());
    for (const raft::Member& member : members.members)
        ids.push_back(member.id);
    return ids;
}

Result<void> check_address(const NewAddress& given) {
    const Address& address = given.address;
    if (address.is_none() || address.is_unix() || address.port == 0 || address.port == UINT16_MAX)
        return Error(Code::invalid_argument,
                     fmt::format("{}@{}: a metadata server takes an IP address and two ports, this "
                                 "one and the next",
                                 given.mds.number, to_string(address)));
    if (address.host == "0.0.0.0" || address.host == "::")
        return Error(Code::invalid_argument,
                     fmt::format("{}@{}: name the address at which the others reach this server",
                                 given.mds.number, to_string(address)));
    return {};
}

// Two that want one port of one host.
bool collide(const Address& a, const Address& b) {
    return a.host == b.host &&
           (a.port == b.port || a.next_port().port == b.port || b.next_port().port == a.port);
}

Result<void> check_addresses(const std::vector<NewAddress>& addresses) {
    for (size_t i = 0; i < addresses.size(); i++) {
        TRY(check_address(addresses[i]));
        for (size_t j = 0; j < i; j++) {
            if (addresses[j].mds == addresses[i].mds)
                return Error(Code::invalid_argument,
                             fmt::format("MDS#{} is named twice: give each one address",
                                         addresses[i].mds.number));
            if (collide(addresses[j].address, addresses[i].address))
                return Error(
                    Code::invalid_argument,
                    fmt::format("MDS#{} and MDS#{} would share a port of {}: each takes two, its "
                                "own and the next",
                                addresses[j].mds.number, addresses[i].mds.number,
                                addresses[i].address.host));
        }
    }
    return {};
}

void add_known(std::vector<Address>& known, const Address& address) {
    if (!address.is_none() && std::ranges::find(known, address) == known.end())
        known.push_back(address);
}

const logged::MovedMds* find_server(const AddressPlan& plan, MdsId mds) {
    const auto found = std::ranges::find(plan.servers, mds, &logged::MovedMds::mds);
    return found == plan.servers.end() ? nullptr : &*found;
}

void put_server(ByteWriter& out, const logged::MovedMds& server) {
    out.put(server.mds);
    put(out, server.address);
    out.put(static_cast<uint32_t>(server.known.size()));
    for (const Address& address : server.known)
        put(out, address);
}

logged::MovedMds get_server(ByteReader& in) {
    logged::MovedMds server;
    in.get(server.mds);
    get(in, server.address);
    const uint32_t count = in.get_count(address_bytes_least);
    for (uint32_t i = 0; i < count && in.ok(); i++)
        get(in, server.known.emplace_back());
    return server;
}

}  // namespace

Address AddressPlan::address_of(MdsId mds) const {
    const logged::MovedMds* server = find_server(*this, mds);
    return server == nullptr ? Address{} : server->address;
}

bool AddressPlan::is_in_force_in(const raft::Membership& members) const {
    return std::ranges::all_of(servers, [&](const logged::MovedMds& server) {
        const raft::Member* member = members.find(server.mds);
        // One that was removed meanwhile has no address to be wrong.
        return member == nullptr || meta::address_of(*member) == server.address;
    });
}

Result<AddressPlan> plan_addresses(const raft::Membership& members,
                                   std::vector<NewAddress> addresses,
                                   const std::optional<AddressPlan>& pending) {
    TRY(check_addresses(addresses));
    std::ranges::sort(addresses, {}, &NewAddress::mds);
    std::vector<MdsId> given;
    given.reserve(addresses.size());
    for (const NewAddress& address : addresses)
        given.push_back(address.mds);
    const std::vector<MdsId> ids = ids_of(members);
    if (ids.empty())
        return Error(Code::invalid_argument,
                     "this metadata server has not joined its cluster yet and knows no other: "
                     "start it once before the cluster moves, or make it anew after that");
    if (given != ids)
        return Error(
            Code::invalid_argument,
            fmt::format("this repository knows the metadata servers {}, and addresses were "
                        "given for {}: give one for each of them. If others have come or "
                        "gone meanwhile, let this server run with them first, or remove "
                        "it (rm-mds) and make it anew",
                        ids_text(ids), ids_text(given)));
    AddressPlan plan;
    for (size_t i = 0; i < ids.size(); i++) {
        logged::MovedMds server{ids[i], std::move(addresses[i].address), {}};
        add_known(server.known, meta::address_of(members.members[i]));
        // Nobody knows how far the move before this one came.
        if (pending) {
            if (const logged::MovedMds* before = find_server(*pending, ids[i])) {
                add_known(server.known, before->address);
                for (const Address& address : before->known)
                    add_known(server.known, address);
            }
        }
        plan.servers.push_back(std::move(server));
    }
    return plan;
}

Bytes encode_address_plan(const AddressPlan& plan, const LogOwner& owner) {
    Bytes bytes = begin_small_file(plan_file);
    ByteWriter out(bytes);
    out.put(owner.mds);
    out.put(owner.cluster);
    out.put(static_cast<uint32_t>(plan.servers.size()));
    for (const logged::MovedMds& server : plan.servers)
        put_server(out, server);
    return end_small_file(std::move(bytes));
}

Result<AddressPlan> decode_address_plan(ByteView content, const LogOwner& owner) {
    Result<ByteReader> file = read_small_file(plan_file, content);
    if (!file)
        return file.error();
    ByteReader& in = *file;
    LogOwner whose;
    in.get(whose.mds);
    in.get(whose.cluster);
    if (whose.mds != owner.mds || whose.cluster != owner.cluster)
        return Error(Code::wrong_cluster,
                     fmt::format("these are the new addresses for MDS#{} of another repository",
                                 whose.mds.number));
    AddressPlan plan;
    const uint32_t count = in.get_count(server_bytes_least);
    for (uint32_t i = 0; i < count && in.ok(); i++)
        plan.servers.push_back(get_server(in));
    if (!in.finished() || plan.address_of(owner.mds).is_none())
        return small_file_is_damaged(plan_file);
    return plan;
}

Task<Result<std::optional<AddressPlan>>> read_address_plan(Runtime& runtime, std::string directory,
                                                           LogOwner owner) {
    const std::string path = fmt::format("{}/{}", directory, address_plan_name);
    Result<Bytes> content = co_await read_whole_file(runtime.disk, path, address_plan_size_max);
    if (!content && content.code() == Code::not_found)
        co_return std::optional<AddressPlan>();
    if (!content)
        co_return content.error().with_context(path);
    Result<AddressPlan> plan = decode_address_plan(*content, owner);
    if (!plan)
        co_return plan.error().with_context(path);
    co_return std::optional<AddressPlan>(std::move(*plan));
}

}  // namespace cairn::meta
