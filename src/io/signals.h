// Signals as something to read: nothing of ours ever runs inside of a signal handler.
#pragma once

#include <initializer_list>
#include <optional>

#include "base/result.h"
#include "io/descriptor.h"

namespace postern::io {

class Signals {
public:
    // Blocks these in the calling thread and in all threads that it starts from now on: call it first in main. They
    // stay blocked when the object goes.
    [[nodiscard]] static Result<Signals> block(std::initializer_list<int> numbers);

    [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }  // readable while one is pending

    // The next pending signal; never waits.
    [[nodiscard]] std::optional<int> take() const noexcept;

private:
    explicit Signals(Descriptor descriptor) noexcept : descriptor_{std::move(descriptor)} {}
    Descriptor descriptor_;
};

}  // namespace postern::io
