// A state as one JSON document: what `posternctl state export` writes and `restore` reads.
//
// Times are nanoseconds since 1970; keys, hashes and the id are hexadecimal. Unknown members, and such as are missing
// or of another kind, are an error: half a state would let in twice.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/state.h"

namespace postern::store {

[[nodiscard]] std::string to_document(const State& state);

// The Error says what came and what was expected; whoever read the text knows its name.
[[nodiscard]] Result<State> read_document(std::string_view text);

}  // namespace postern::store
