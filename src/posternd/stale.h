// Whether the files on disk are what is in force, and what is said where they are not: policy_stale.
#pragma once

#include <string>
#include <vector>

#include "posternd/engine.h"

namespace postern {

inline constexpr std::size_t most_mistakes_told = 20;  // `posternctl check` tells them all

// One line for people, while Engine::policy_stale has something.
[[nodiscard]] std::string stale_line(const Engine& engine);

// Keeps a copy of the policy that has come into force; where that fails, Engine::copy_trouble says why.
void keep_copy(Engine& engine, const config::PolicyText& text);

// At the start: keeps a copy, or says that the policy in force is one, with the first mistakes of the files.
void begin_with(Engine& engine, const config::PolicyText& text, const std::vector<std::string>& mistakes);

}  // namespace postern
