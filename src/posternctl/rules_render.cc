// posternctl rules render: the text that apply would load.
#include <fmt/format.h>

#include "posternctl/rules_job.h"

namespace postern::ctl {

namespace {

// iptables-restore reads the rest; sets are made by `ipset -exist restore` before.
void print_sets(std::string_view text) {
    fmt::print("# The sets that the rules name, made by ipset first:\n");
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
        fmt::print("#   {}\n", text.substr(0, end));
        text.remove_prefix(end + 1);
    }
}

}  // namespace

Exit rules_render(const RulesJob& job, const RulesOptions& options) {
    const std::string_view left_out = options.family == "4" ? "v6" : options.family == "6" ? "v4" : "";
    for (const rules::Part& part : job.loader->loadable(*job.policy, job.inputs).parts) {
        if (part.name == "ipset")
            print_sets(part.text);
        else if (part.name != left_out)
            fmt::print("{}", part.text);
    }
    return Exit::ok;
}

}  // namespace postern::ctl
