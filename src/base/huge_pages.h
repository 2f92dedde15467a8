// Huge pages: where many buffers are wanted their memory comes in whole ones (base/buffer.cc). Only
// the machine can be asked for them, and this folder knows none: a program tells how, as it begins.
#pragma once

#include <cstddef>

namespace cairn {

// `ask` tells the machine of memory of the size and alignment of a huge page, before it is used.
// Before there is a second thread.
void ask_for_huge_pages(void (*ask)(void* memory, size_t bytes));

}  // namespace cairn
