#include "front/nbd/negotiation.h"

#include <algorithm>

#include "base/big_endian.h"
#include "base/check.h"

namespace cairn::nbd {

namespace {

Step answer(Option option, OptionReply reply, ByteView data = {}) {
    return {encode_option_reply(option, reply, data), Next::option};
}

Step refuse(Option option, OptionReply reply, std::string_view reason) {
    return answer(option, reply, bytes_of(reason));
}

void append(Bytes& out, const Bytes& more) {
    out.insert(out.end(), more.begin(), more.end());
}

void append_info(Bytes& out, Option option, const Bytes& info) {
    append(out, encode_option_reply(option, OptionReply::info, info));
}

Bytes text_info(InfoType type, std::string_view text) {
    Bytes info;
    BigEndianWriter writer(info);
    writer.put(type);
    writer.put_raw(bytes_of(text.substr(0, text_max)));
    return info;
}

bool asked_for(const std::vector<InfoType>& asked, InfoType type) {
    return std::find(asked.begin(), asked.end(), type) != asked.end();
}

}  // namespace

Step Negotiation::client_flags(ByteView flags) {
    CHECK(flags.size() == client_flags_size);
    BigEndianReader reader(flags);
    const auto value = reader.read<uint32_t>();
    sends_zeroes_ = (value & no_zeroes) == 0;
    const bool understood = (value & ~uint32_t{fixed_newstyle | no_zeroes}) == 0;
    return {{}, understood ? Next::option : Next::hang_up};
}

std::optional<size_t> Negotiation::find(std::string_view name) const {
    if (name.empty() && !names_.empty())
        return 0;
    for (size_t i = 0; i < names_.size(); i++) {
        if (names_[i] == name)
            return i;
    }
    return std::nullopt;
}

std::optional<size_t> Negotiation::concerns(Option option, ByteView data) const {
    if (option == Option::export_name)
        return find(text_of(data));
    if (option != Option::info && option != Option::go)
        return std::nullopt;
    BigEndianReader reader(data);
    const std::string_view name = reader.read_text();
    return reader.ok() ? find(name) : std::nullopt;
}

Step Negotiation::option(Option option, ByteView data, const ExportFacts* facts) {
    switch (option) {
        case Option::export_name:
            agreement_.export_index = find(text_of(data)).value_or(0);
            return export_name(facts);
        case Option::abort: {
            Step step = answer(option, OptionReply::ack);
            step.next = Next::hang_up;
            return step;
        }
        case Option::list: return list(data);
        case Option::starttls:
            return refuse(option, OptionReply::error_unsupported,
                          "this server has no TLS; go on without");
        case Option::info:
        case Option::go: return info_or_go(option, data, facts);
        case Option::structured_reply: return structured_reply(data);
        case Option::list_meta_context:
        case Option::set_meta_context: return meta_context(option, data);
    }
    return refuse(option, OptionReply::error_unsupported, "this server does not know this option");
}

Step Negotiation::too_big(Option option) {
    if (option == Option::export_name)  // has no way to be refused
        return {{}, Next::hang_up};
    return refuse(option, OptionReply::error_too_big, "the option's data are too long");
}

uint16_t Negotiation::flags_of(const ExportFacts& facts) const {
    const uint16_t df = agreement_.structured_replies ? send_df : 0;
    return facts.flags | df;
}

// The old way in: no error can be told, only the connection ended.
Step Negotiation::export_name(const ExportFacts* facts) {
    if (facts == nullptr)
        return {{}, Next::hang_up};
    if (context_export_ != agreement_.export_index)
        agreement_.block_status = false;
    Step step;
    BigEndianWriter writer(step.reply);
    writer.put(facts->size);
    writer.put(flags_of(*facts));
    if (sends_zeroes_)
        writer.put_zeros(124);
    step.next = Next::transmit;
    return step;
}

Step Negotiation::list(ByteView data) const {
    if (!data.empty())
        return refuse(Option::list, OptionReply::error_invalid, "LIST carries no data");
    Step step;
    for (const std::string& name : names_) {
        Bytes entry;
        BigEndianWriter writer(entry);
        writer.put(static_cast<uint32_t>(name.size()));
        writer.put_raw(bytes_of(name));
        append(step.reply, encode_option_reply(Option::list, OptionReply::server, entry));
    }
    append(step.reply, encode_option_reply(Option::list, OptionReply::ack, {}));
    return step;
}

Step Negotiation::info_or_go(Option option, ByteView data, const ExportFacts* facts) {
    BigEndianReader reader(data);
    const std::string_view name = reader.read_text();
    const auto count = reader.read<uint16_t>();
    std::vector<InfoType> asked;
    for (size_t i = 0; i < count && reader.ok(); i++)
        asked.push_back(reader.read<InfoType>());
    if (!reader.finished())
        return refuse(option, OptionReply::error_invalid, "the option's data are malformed");
    const std::optional<size_t> index = find(name);
    if (!index || facts == nullptr)
        return refuse(option, OptionReply::error_unknown, "there is no export of this name");

    Step step;
    Bytes exported;
    BigEndianWriter export_writer(exported);
    export_writer.put(InfoType::exported);
    export_writer.put(facts->size);
    export_writer.put(flags_of(*facts));
    append_info(step.reply, option, exported);
    if (asked_for(asked, InfoType::name))
        append_info(step.reply, option, text_info(InfoType::name, facts->name));
    if (asked_for(asked, InfoType::description) && !facts->description.empty())
        append_info(step.reply, option, text_info(InfoType::description, facts->description));
    // Told unasked where clients must keep to it; one that cannot will say so by leaving.
    if (asked_for(asked, InfoType::block_size) || facts->block_size_minimum > 1) {
        Bytes sizes;
        BigEndianWriter writer(sizes);
        writer.put(InfoType::block_size);
        writer.put(facts->block_size_minimum);
        writer.put(facts->block_size_preferred);
        writer.put(facts->payload_max);
        append_info(step.reply, option, sizes);
    }
    append(step.reply, encode_option_reply(option, OptionReply::ack, {}));
    if (option == Option::go) {
        agreement_.export_index = *index;
        if (context_export_ != index)
            agreement_.block_status = false;
        step.next = Next::transmit;
    }
    return step;
}

Step Negotiation::structured_reply(ByteView data) {
    if (!data.empty()) {
        return refuse(Option::structured_reply, OptionReply::error_invalid,
                      "STRUCTURED_REPLY carries no data");
    }
    agreement_.structured_replies = true;
    return answer(Option::structured_reply, OptionReply::ack);
}

Step Negotiation::meta_context(Option option, ByteView data) {
    const bool set = option == Option::set_meta_context;
    if (set) {  // each SET replaces the one before, also if it fails
        agreement_.block_status = false;
        context_export_.reset();
    }
    if (!agreement_.structured_replies) {
        return refuse(option, OptionReply::error_invalid,
                      "meta contexts need structured replies, which were not asked for");
    }
    BigEndianReader reader(data);
    const std::string_view name = reader.read_text();
    const auto count = reader.read<uint32_t>();
    bool wanted = count == 0 && !set;  // LIST without a query means all
    for (uint32_t i = 0; i < count && reader.ok(); i++) {
        const std::string_view query = reader.read_text();
        wanted = wanted || query == allocation_context_name || (!set && query == "base:");
    }
    if (!reader.finished())
        return refuse(option, OptionReply::error_invalid, "the option's data are malformed");
    const std::optional<size_t> index = find(name);
    if (!index)
        return refuse(option, OptionReply::error_unknown, "there is no export of this name");

    Step step;
    if (wanted) {
        Bytes context;
        BigEndianWriter writer(context);
        writer.put(set ? allocation_context : uint32_t{0});
        writer.put_raw(bytes_of(allocation_context_name));
        append(step.reply, encode_option_reply(option, OptionReply::meta_context, context));
    }
    append(step.reply, encode_option_reply(option, OptionReply::ack, {}));
    if (set) {
        agreement_.block_status = wanted;
        context_export_ = index;
    }
    return step;
}

}  // namespace cairn::nbd
