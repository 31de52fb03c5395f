#include "posternctl/rules_tool.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "io/process.h"
#include "rules/compare.h"

namespace postern::ctl {
namespace {

struct Advice {
    std::string_view complaint;  // a part of what the tool says
    std::string_view advice;     // what to do about it
};

constexpr std::string_view missing_module =
    "this kernel or tool lacks what the rule names: load the module, see REQUIREMENTS in posternctl-rules(8)";
constexpr std::string_view need_rights = "needs CAP_NET_ADMIN (and CAP_NET_RAW for iptables): run as root";

// The first that fits counts.
constexpr Advice advices[] = {
    {"Operation not permitted", need_rights},
    {"Permission denied", need_rights},
    {"must be root", need_rights},
    {"queue to", "this kernel has no native queue (module nft_queue): load it, or take the backend iptables"},
    {"syntax error", "this nft is too old for these rules: 1.0.6 is known to be new enough"},
    {"is incompatible", "somebody put rules of nft's own into a table of iptables: take the backend nftables"},
    {"xtables lock", "another program is changing the rules: try again"},
    {"missing kernel module", missing_module},
    {"Couldn't load", missing_module},
    {"does not exist", missing_module},
    {"RULE_APPEND failed", missing_module},
    {"No such file or directory", missing_module},
    {"No chain/target/match", missing_module},
    {"not supported", missing_module},
};

std::string_view line_of(std::string_view text, std::size_t number) {
    for (; number > 0 && !text.empty(); --number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (number == 1) return text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

// Warnings come first at times; what the tool failed for is the first line that is none.
std::string_view complaint(std::string_view errors) {
    for (std::size_t number = 1;; ++number) {
        const std::string_view line = line_of(errors, number);
        if (line.empty()) return line_of(errors, 1);
        if (!line.starts_with('#') && !line.starts_with("Warning")) return line;
    }
}

// The line of the input that "line 31" or "/dev/stdin:31:5" speaks of; empty where none is named.
std::string_view culprit(std::string_view complaint, std::string_view input) {
    for (const std::string_view word : {"line ", "/dev/stdin:"}) {
        const std::size_t at = complaint.find(word);
        if (at == std::string_view::npos) continue;
        const std::string_view digits = complaint.substr(at + word.size());
        std::size_t number = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        const std::string_view line = line_of(input, number);
        return line.substr(std::min(line.find_first_not_of(' '), line.size()));
    }
    return {};
}

std::string explained(const std::string& tool, std::string_view errors, std::string_view input) {
    const std::string_view what = complaint(errors);
    const std::string_view rule = culprit(errors, input);
    std::string text = fmt::format("{} failed: {}", tool, what);
    if (!rule.empty()) text += fmt::format(" at \"{}\"", rules::without_seed(std::string{rule}));
    const std::string all = fmt::format("{} {}", errors, rule);
    for (const Advice& one : advices)
        if (all.find(one.complaint) != std::string::npos) return fmt::format("{}; {}", text, one.advice);
    return text;
}

}  // namespace

Result<std::string> run_tool(const std::vector<std::string>& argv, std::string_view input) {
    const Result<io::Finished> finished = io::run(argv, input);
    if (!finished) return failure(finished.error().text + "; the package of that name brings it");
    if (finished->exit_code != 0) return failure(explained(argv.front(), finished->errors, input));
    return finished->output;
}

}  // namespace postern::ctl
