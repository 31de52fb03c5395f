// The file of forward_to's numbers, kept up to date around a change of the rules, and the daemon told about it.
#pragma once

#include <filesystem>

#include "rules/loadable.h"
#include "rules/numbers.h"

namespace postern::ctl {

// Before rules are loaded: the numbers they begin are taken from now on, whatever becomes of the loading. The file gets
// the group of its directory, so that the daemon may read it.
[[nodiscard]] Result<void> write_numbers(const std::filesystem::path& file, const rules::Numbers& numbers);

// Behind it: rules of that generation are in force. Writes it down and tells a running daemon, which answers when
// nothing is on its way any more that it judged by the rules before; then the numbers that ended are free. `digest`: of
// the rules, 0 where they were kept in a file. An Error keeps nothing from being guarded: what it ends is not free yet.
[[nodiscard]] Result<void> rules_in_force(const std::filesystem::path& file, const std::filesystem::path& socket,
                                          rules::Generation generation, std::uint64_t digest);

// What a set that is kept says about the numbers in it: where their file is and whom to tell.
struct NumbersOfSet {
    std::filesystem::path file;
    std::filesystem::path socket;
    std::uint64_t digest = 0;
};
[[nodiscard]] rules::Part announcement(const NumbersOfSet& numbers);

// rules_in_force() for a set that has just been loaded, whoever rendered it and when. What fails is a warning. A set
// without an announcement, as the emergency set is one, changes nothing.
void announce(const rules::Loadable& set);

}  // namespace postern::ctl
