// One-time lists: their files, what lines must say to each other and to the rest of a policy, and what they become.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/draft.h"

namespace postern::config {

// Fills the lines of every knock that has a list. A file that cannot be read, or that others may read, is among the
// unreadable; a line that is none is a mistake.
void read_lines(Draft& draft, Mistakes& mistakes, Mistakes& unreadable);

// Adds a mistake for: fewer than 2 or more than 16 steps in a line; a step twice in it; one that closes, or where a
// service or SPA is listened for; two lines that begin alike and are listened to at one time; more than 10 000 lines.
void check_lines(const Draft& draft, const KnockDraft& knock, Mistakes& mistakes);

// Sequences by their steps, and whose they are.
using SequenceOwners = std::map<std::vector<knock::Step>, std::string>;

// Adds a mistake for each line that another line of the policy equals, or a sequence that has an owner already.
void check_line_twins(const Draft& draft, SequenceOwners& owners, Mistakes& mistakes);

// Adds a warning, one for each list, for a closing sequence, for none in use, and for lines that are many rules or that
// an ordinary port scan can complete.
void warn_of_lines(const KnockDraft& knock, Unmatched unmatched, Mistakes& warnings);

// What the gate has of a list.
[[nodiscard]] std::shared_ptr<const knock::OneTimeList> finish_list(const KnockDraft& draft, Names& names);

}  // namespace postern::config
