// The policy in force: one immutable snapshot, swapped whole by a reload and picked up by workers between two batches.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/guarded.h"
#include "gate/policy.h"

namespace postern {

// Threads: any.
class CurrentPolicy {
public:
    using Pointer = std::shared_ptr<const Policy>;

    explicit CurrentPolicy(Pointer policy) : generation_{policy->generation}, policy_{std::move(policy)} {}

    void publish(Pointer policy) {
        const std::uint64_t generation = policy->generation;
        policy_.with([&](Pointer& current) { current = std::move(policy); });
        generation_.store(generation);
    }

    [[nodiscard]] Pointer get() const {
        return policy_.with([](const Pointer& current) { return current; });
    }

    // Costs one load: whether get() would give something else than `held`.
    [[nodiscard]] bool newer_than(const Policy& held) const noexcept { return generation_.load() != held.generation; }

private:
    std::atomic<std::uint64_t> generation_;
    mutable Guarded<Pointer> policy_;
};

}  // namespace postern
