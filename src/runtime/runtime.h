// Runtime: everything a program asks of its machine, as a handful of interfaces handed to
// constructors. There are two: real/ (io_uring, one loop a thread) and sim/ (a whole cluster in one
// process, in virtual time, from a seed). Nothing above this folder makes a system call, reads a
// clock, draws a random number or starts a thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "runtime/disk.h"
#include "runtime/loop.h"
#include "runtime/network.h"
#include "runtime/random.h"
#include "runtime/scope.h"
#include "runtime/semaphore.h"
#include "runtime/shared_memory.h"
#include "runtime/task.h"
#include "runtime/wait.h"
#include "telemetry/log.h"

namespace cairn {

class Clock {
  public:
    virtual ~Clock() = default;
    // Fresh, for what must not be late (leases); the loop's own now() is as old as the turn.
    virtual Instant now() = 0;
    virtual WallTime wall_now() = 0;
};

struct ProcessUsage {
    Duration cpu;  // used since the process started
    uint64_t resident_bytes = 0;
};

class Host {
  public:
    virtual ~Host() = default;
    virtual std::string name() = 0;
    // Differs after every start of the machine: what was held but not durable may be gone.
    virtual uint64_t boot_id() = 0;
    virtual ProcessUsage usage() = 0;
    // What belongs to the file at `path`, or as many zeros, all of it backed by memory. Fails with
    // busy while another process has it, with invalid_argument if it has another size. What belongs
    // to a file that is gone may go, too.
    virtual Result<std::unique_ptr<SharedMemory>> shared_memory(const std::string& path,
                                                                size_t bytes) = 0;
};

struct Runtime {
    Loop& loop;
    Clock& clock;
    Network& network;
    Disk& disk;
    Random& random;
    Host& host;
    Log& log;
};

}  // namespace cairn
