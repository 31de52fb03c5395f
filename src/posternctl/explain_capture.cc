// posternctl explain --pcap: a capture through the policy.
#include <fmt/format.h>

#include <cstdio>

#include "capture/file.h"
#include "config/load.h"
#include "explain/report.h"
#include "posternctl/explain.h"

namespace postern::ctl {
namespace {

// Nothing, said, where one of them is no prefix.
std::optional<std::vector<Prefix>> prefixes(std::string_view option, const std::vector<std::string>& texts) {
    std::vector<Prefix> all;
    for (const std::string& text : texts) {
        const auto prefix = parse_prefix(text);
        if (!prefix) {
            complain(fmt::format("{}: got \"{}\", expected an address or a prefix such as 192.0.2.0/28", option, text));
            return std::nullopt;
        }
        all.push_back(*prefix);
    }
    return all;
}

void print(const Context& context, const std::string& json) {
    fmt::print("{}\n", context.json ? json : explain::to_text(json));
}

explain::Frame frame_of(const capture::Record& record) {
    return {record.time, record.found.packet, record.length, record.found.direction};
}

// Everything up to the end of the file, or to where it breaks off.
Result<void> explain_all(const Context& context, capture::File& file, explain::Explainer& explainer,
                         explain::Sums& sums) {
    for (;;) {
        const auto record = file.next();
        if (!record) return tl::make_unexpected(record.error());
        if (!*record) return {};
        const explain::Explanation explanation = explainer.explain(frame_of(**record));
        print(context, explain::to_json(explanation));
        for (const log::Event& event : explainer.take_ends()) print(context, log::to_json(event));
        sums.count(explanation);
    }
}

void tell_assumptions(const config::Unread& unread, const CaptureWish& wish) {
    for (const config::Diagnostic& why : unread.why) warn(config::to_text(why));
    if (wish.local.empty()) warn("without --local every single host's address is taken for one of the gateway's own");
}

Exit refuse(const std::vector<config::Diagnostic>& mistakes) {
    for (const config::Diagnostic& mistake : mistakes) fmt::print(stderr, "{}\n", config::to_text(mistake));
    return Exit::bad_policy;
}

}  // namespace

Exit explain_capture(const Context& context, const CaptureWish& wish) {
    const auto local = prefixes("--local", wish.local), behind = prefixes("--behind", wish.behind),
               ipsec = prefixes("--ipsec", wish.ipsec);
    if (!local || !behind || !ipsec) return Exit::usage;
    Names names;
    const auto loaded = config::load(context.policy_file, names, {.without_unreadable = true});
    if (!loaded) return refuse(loaded.error());
    auto file = capture::File::open(wish.file);
    if (!file) return complain(file.error().text), Exit::failed;
    tell_assumptions(loaded->unread, wish);
    explain::Explainer explainer{loaded->policy,
                                 {*local, loaded->unread.gateway_key, loaded->unread.preshared_key, *behind, *ipsec}};
    explain::Sums sums;
    const auto done = explain_all(context, *file, explainer, sums);
    fmt::print("{}", context.json ? explain::to_json(sums) + '\n' : '\n' + explain::to_text(sums));
    if (done) return Exit::ok;
    return complain(done.error().text), Exit::failed;
}

}  // namespace postern::ctl
