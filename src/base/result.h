// How calls fail. Packets fail with a Reason (verdict.h) and never with text; operators get an Error they can act on.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace postern {

// One line for a person: what came, what was expected, and where or what to do. No trailing newline.
struct Error {
    std::string text;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> failure(std::string text) {
    return tl::make_unexpected(Error{std::move(text)});
}

}  // namespace postern
