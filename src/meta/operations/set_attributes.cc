#include <algorithm>
#include <vector>

#include "meta/operations/operations.h"

namespace cairn::meta {

namespace {

StorageAttributes changed_storage(StorageAttributes storage, const logged::SetAttributes& set) {
    if (set.replicas_norm) {
        storage.replicas_norm = *set.replicas_norm;
        storage.replicas_min = default_replicas_min(*set.replicas_norm);
    }
    storage.replicas_min = set.replicas_min.value_or(storage.replicas_min);
    storage.failure_domain = set.failure_domain.value_or(storage.failure_domain);
    storage.tier = set.tier.value_or(storage.tier);
    return storage;
}

}  // namespace

Answer apply(Change& change, const logged::SetAttributes& operation) {
    const Result<const Node*> top = change.find_node(operation.file);
    if (!top)
        return top.error();
    const Result<void> valid = check_storage(changed_storage((*top)->storage, operation));
    if (!valid)
        return valid.error();
    if (operation.replicas_min &&
        (*operation.replicas_min < 1 || *operation.replicas_min > replicas_most))
        return Error(Code::invalid_argument, "the minimum of replicas is from 1 to 15");

    logged::SetAttributesAnswer answer;
    std::vector<FileId> to_visit{operation.file};
    while (!to_visit.empty()) {
        const FileId file = to_visit.back();
        to_visit.pop_back();
        const Node& node = *change.catalogue.node(file);
        StorageAttributes storage = changed_storage(node.storage, operation);
        // Below, a minimum alone may meet a smaller norm than above.
        storage.replicas_min = std::min(storage.replicas_min, storage.replicas_norm);
        if (storage != node.storage) {
            Node& edited = change.edit_node(file);
            edited.storage = storage;
            edited.changed = change.now;
            answer.changed++;
        }
        if (operation.recursive && node.is_directory())
            for (const auto& [name, child] : *node.entries)
                to_visit.push_back(child);
    }
    if (answer.changed != 0)
        change.effects.storage_changed.push_back(operation.file);
    return Answer::of(answer);
}

}  // namespace cairn::meta
