#include "posternctl/numbering.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <system_error>

#include "config/numbers_file.h"
#include "io/files.h"
#include "posternctl/ask.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;

// Whether nothing is on its way any more. Nobody there: then nothing waits in a queue.
Result<bool> tell_daemon(const fs::path& socket, rules::Generation generation) {
    const auto reply = ask(socket, {control::Command::ruleset, {}});
    if (!reply && reply.error().nobody) return true;
    if (!reply) return failure(reply.error().text);
    if (!reply->ok) return failure(reply->error);
    const auto report = control::read_ruleset_report(reply->result);
    if (!report) return tl::make_unexpected(report.error());
    if (report->generation != generation)
        return failure(fmt::format("it reads generation {}, expected {}: does it run on another policy?",
                                   report->generation, generation));
    return report->settled == 1;
}

}  // namespace

Result<void> write_numbers(const fs::path& file, const rules::Numbers& numbers) {
    const fs::path around = file.has_parent_path() ? file.parent_path() : fs::path{"."};
    struct stat directory {};
    if (::stat(around.c_str(), &directory) != 0)
        return failure(fmt::format("cannot give {} the group of its directory: {}", file.string(),
                                   std::generic_category().message(errno)));
    return io::replace_file(file, rules::to_text(numbers), 0640, {.group = directory.st_gid});
}

Result<void> rules_in_force(const fs::path& file, const fs::path& socket, rules::Generation generation,
                            std::uint64_t digest) {
    auto numbers = config::read_numbers(file).map(
        [&](rules::Numbers before) { return rules::in_force(std::move(before), generation, digest); });
    if (!numbers) return tl::make_unexpected(numbers.error());
    if (const auto written = write_numbers(file, *numbers); !written) return written;
    const auto settled = tell_daemon(socket, generation);
    if (!settled)
        return failure(fmt::format("the daemon was not told about the rules, `posternctl reload` does it: {}",
                                   settled.error().text));
    if (!*settled || numbers->settled == generation - 1) return {};
    numbers->settled = generation - 1;
    return write_numbers(file, *numbers);
}

rules::Part announcement(const NumbersOfSet& numbers) {
    return {"numbers", fmt::format("{}\n{}\n{:x}\n", fs::absolute(numbers.file).string(),
                                   fs::absolute(numbers.socket).string(), numbers.digest)};
}

void announce(const rules::Loadable& set) {
    std::istringstream said{std::string{set.text("numbers")}};
    std::string file, socket;
    std::uint64_t digest = 0;
    if (!std::getline(said, file) || !std::getline(said, socket) || !(said >> std::hex >> digest)) return;
    const std::string_view text = set.text(set.backend == "nftables" ? "nft" : "v4");
    if (const auto done = rules_in_force(file, socket, rules::generation_of(text), digest); !done)
        warn(done.error().text);
}

}  // namespace postern::ctl
