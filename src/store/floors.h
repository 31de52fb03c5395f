// What an operator does to a state: more counts as used, never less.
#pragma once

#include "store/state.h"

namespace postern::store {

// Messages of up to this time may have been accepted: of one client key, or of all, those without a window too. What is
// covered stays so: the next start has it count as used.
void use_up_to(State& state, WallTime until, const std::optional<Bytes32>& key = {});

// These lines of one-time lists may have been used.
void use_lines(State& state, const std::vector<Bytes32>& lines);

// What another copy knows counts, too; the higher sequence stays.
void add(State& state, const State& other);

}  // namespace postern::store
