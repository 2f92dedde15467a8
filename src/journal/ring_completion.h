// complete_ring: writes to a ring what a killed process had only staged (staging_area.h), so that
// the ring is read as if the process had still done it.
#pragma once

#include <vector>

#include "journal/ring_file.h"
#include "journal/ring_reader.h"
#include "journal/staging_area.h"
#include "runtime/task.h"

namespace cairn::journal {

struct Completion {
    uint64_t groups = 0;         // written now
    bool anything_lost = false;  // some of the records do not follow what the ring holds
};

// `verifier` says whether records are intact; it visits those of the ring. Writes the same bytes
// when it is done again after another kill. Makes nothing durable.
Task<Result<Completion>> complete_ring(RingFile& file, std::vector<StagedRecord> records,
                                       RecordVisitor& verifier);

}  // namespace cairn::journal
