// An explanation as a line: for people, and for scripts with the names of postern-log(5).
#pragma once

#include <string>

#include "explain/sums.h"

namespace postern::explain {

// One line of JSON: a verdict line of the log with `pcap_cnt`, the packet's number; without a verdict its event_type is
// not_queued or unjudged.
[[nodiscard]] std::string to_json(const Explanation& explanation);
[[nodiscard]] std::string to_json(const Sums& sums);

// A line of the daemon's log with `advice` in its member `postern`; the line itself where it is no verdict.
[[nodiscard]] std::string with_advice(const std::string& line);

// A line of the daemon's log, or of to_json() above, as a person reads it; no newline. Empty where it is none.
[[nodiscard]] std::string to_text(const std::string& line);

// The same with lines below it: what the reason means, and what would have been needed.
[[nodiscard]] std::string with_reasons(const std::string& line);

// Tables by word with meanings and advice, and by source; ends in a newline.
[[nodiscard]] std::string to_text(const Sums& sums);

}  // namespace postern::explain
