// Export: a device under a name. The server's owner lists its exports once; each device outlives
// the server. Several exports of one device are several names for the same data.
#pragma once

#include <string>

#include "base/address.h"
#include "block/block_device.h"

namespace cairn::nbd {

struct Export {
    std::string name;         // what clients ask for; the first export also answers to ""
    std::string description;  // for people, may be empty
    block::BlockDevice* device = nullptr;
    bool read_only = false;  // even if the device is not
};

// Where clients find an export: "nbd://HOST:PORT/NAME", or "nbd+unix:///NAME?socket=PATH".
[[nodiscard]] std::string uri_of(const Address& at, const std::string& export_name);

}  // namespace cairn::nbd
