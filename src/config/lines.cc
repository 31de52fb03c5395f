#include "config/lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/files.h"
#include "config/knocks.h"
#include "noise/mac.h"

namespace postern::config {
namespace {

constexpr std::size_t most_told = 20;  // mistakes of one list

std::string path_of(const KnockDraft& knock) { return fmt::format("knocks.{}.one_time_list", knock.name); }

// Adds the first ones of a list: a file that is none would have thousands. What stands in a list is a secret, and what
// was named for one by mistake may be another: it is told by its place, never shown.
class Told {
public:
    Told(const KnockDraft& knock, Mistakes& mistakes) : knock_{knock}, mistakes_{mistakes} {}

    void add(const LineDraft& line, int column, const std::string& text) {
        if (enough()) return;
        const bool last = ++count_ > most_told;
        mistakes_.add(knock_.at(line, column), path_of(knock_),
                      last ? "further mistakes of this file are not told" : text);
    }
    [[nodiscard]] bool enough() const noexcept { return count_ > most_told; }

private:
    const KnockDraft& knock_;
    Mistakes& mistakes_;
    std::size_t count_ = 0;
};

void read_line(std::string_view text, int number, KnockDraft& knock, Told& told) {
    if (knock::is_skipped(text)) return;
    LineDraft line{number, {}, {}};
    bool whole = true;
    for (const std::string_view word : knock::words_of(text)) {
        const auto step = knock::parse_step_or_port(word);
        line.columns.push_back(word.empty() ? 1 : static_cast<int>(word.data() - text.data()) + 1);
        if (step)
            line.steps.push_back(*step);
        else
            told.add(line, line.columns.back(),
                     fmt::format("got {} characters that are no step, expected steps between commas such as tcp/7000, "
                                 "udp/8000, icmp/echo-request, 7000 or 8000:udp",
                                 word.size()));
        whole = whole && step;
        if (line.columns.size() > knock::most_steps) break;  // too many, however many there are
    }
    if (whole) knock.lines.push_back(std::move(line));
}

void read_list(KnockDraft& knock, Mistakes& mistakes, Mistakes& unreadable) {
    const auto file = beside(knock.one_time_list->place, knock.one_time_list->value);
    const auto read = read_private_text(file);
    if (!read)
        return unreadable.add(knock.one_time_list->place, path_of(knock),
                              fmt::format("{} {}", file.string(), read.error().text));
    knock.lines_read = true;
    Told told{knock, mistakes};
    std::string_view text{*read};
    for (int number = 1; !text.empty() && !told.enough(); ++number) {
        const std::size_t end = text.find('\n');
        read_line(text.substr(0, end), number, knock, told);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

void check_step(const Draft& draft, const KnockDraft& knock, const LineDraft& line, std::size_t place, Told& told) {
    const knock::Step& step = line.steps[place];
    const auto before = line.steps.begin(), itself = before + static_cast<std::ptrdiff_t>(place);
    const int column = line.columns[place];
    if (std::any_of(before, itself, [&](const auto& other) { return alike(other, step); }))
        told.add(line, column, "got a step again, expected each once: a repeat of one is ignored");
    if (const std::string listener = listener_at(draft, step); !listener.empty())
        told.add(line, column, fmt::format("got a port of {}, expected another one", listener));
    if (std::ranges::any_of(knock.closes_with, [&](const auto& closing) { return alike(closing.value, step); }))
        told.add(line, column, "got a step of closes_with, expected another one");
}

std::string counted(std::size_t steps) {
    return steps > knock::most_steps ? fmt::format("more than {}", knock::most_steps) : std::to_string(steps);
}

void check_line(const Draft& draft, const KnockDraft& knock, const LineDraft& line, Told& told) {
    if (line.steps.size() < knock::fewest_steps || line.steps.size() > knock::most_steps)
        told.add(line, 1,
                 fmt::format("got {}, expected {} to {} steps", counted(line.steps.size()), knock::fewest_steps,
                             knock::most_steps));
    for (std::size_t place = 0; place < line.steps.size(); ++place) check_step(draft, knock, line, place, told);
}

// Who recorded one of two lines that are equal so has what completes the other.
std::vector<knock::Step> plain_steps(std::vector<knock::Step> steps) {
    for (knock::Step& step : steps) step = plain(step);
    return steps;
}

// Of the lines that can be listened to together with this one, behind it.
void check_window(const KnockDraft& knock, std::size_t place, Told& told) {
    const LineDraft& line = knock.lines[place];
    const std::size_t end = std::min(place + knock.look_ahead, knock.lines.size());
    for (std::size_t at = place + 1; at < end; ++at) {
        const LineDraft& other = knock.lines[at];
        if (!alike(line.steps.front(), other.steps.front())) continue;
        if (plain_steps(other.steps) != plain_steps(line.steps))  // else a twin: told below
            told.add(other, other.columns.front(),
                     fmt::format("got the first step of line {}, expected another one within look_ahead, or "
                                 "look_ahead: 1",
                                 line.number));
    }
}

std::size_t count_steps(const KnockDraft& knock) {
    std::size_t count = 0;
    for (const LineDraft& line : knock.lines) count += line.steps.size();
    return count;
}

}  // namespace

void read_lines(Draft& draft, Mistakes& mistakes, Mistakes& unreadable) {
    for (KnockDraft& knock : draft.knocks)
        if (knock.one_time_list) read_list(knock, mistakes, unreadable);
}

void check_lines(const Draft& draft, const KnockDraft& knock, Mistakes& mistakes) {
    if (knock.lines.size() > knock::most_lines)
        return mistakes.add(knock.at(knock.lines[knock::most_lines]), path_of(knock),
                            fmt::format("got {} lines, expected at most {} that are not marked with #",
                                        knock.lines.size(), knock::most_lines));
    Told told{knock, mistakes};
    for (std::size_t place = 0; place < knock.lines.size(); ++place) {
        check_line(draft, knock, knock.lines[place], told);
        check_window(knock, place, told);
    }
}

void check_line_twins(const Draft& draft, SequenceOwners& owners, Mistakes& mistakes) {
    for (const KnockDraft& knock : draft.knocks) {
        Told told{knock, mistakes};
        for (const LineDraft& line : knock.lines) {
            const std::string here = fmt::format("line {} of {}", line.number, knock.name);
            if (const auto [owner, first] = owners.emplace(plain_steps(line.steps), here); !first)
                told.add(line, 1, fmt::format("got the steps of {}, expected a sequence of its own", owner->second));
        }
    }
}

void warn_of_lines(const KnockDraft& knock, Unmatched unmatched, Mistakes& warnings) {
    const bool pass = unmatched == Unmatched::pass;
    const bool all_tolerated = knock.sequence.tolerated == knock::all_tolerated;
    if (all_tolerated)
        warnings.add(knock.one_time_list->place, fmt::format("knocks.{}.strictness", knock.name),
                     "with ignore a port scan completes a line sooner or later, and makes those before it void");
    if (!knock.closes_with.empty())
        warnings.add(knock.closes_with.front().place, fmt::format("knocks.{}.closes_with", knock.name),
                     "the closing sequence is the same every time: whoever saw it can end what the lines let in, with "
                     "a forged address");
    if (!knock.lines_read) return;
    if (knock.lines.empty())
        return warnings.add(knock.one_time_list->place, path_of(knock), "no line is in use: nobody gets in by it");
    if (pass)
        warnings.add(knock.one_time_list->place, path_of(knock),
                     fmt::format("with gateway.unmatched: pass each of its {} steps is a rule, which every new packet "
                                 "passes",
                                 count_steps(knock)));
    if (pass && !all_tolerated)
        warnings.add(knock.one_time_list->place, fmt::format("knocks.{}.strictness", knock.name),
                     "with gateway.unmatched: pass wrong packets do not reach the gate: a port scan that meets the "
                     "steps of a line in their order completes it");
    const auto rises = [&](const LineDraft& line) { return ascending(line.steps, all_tolerated || pass); };
    if (const LineDraft* line = knock.first_line(rises))
        warnings.add(knock.at(*line), path_of(knock),
                     "the steps ascend, as the ports of a scan can: put a lower port behind a higher one, also in "
                     "further lines");
    const auto is_short = [](const LineDraft& line) { return line.steps.size() == knock::fewest_steps; };
    if (const LineDraft* line = knock.first_line(is_short))
        warnings.add(
            knock.at(*line), path_of(knock),
            "two steps are few: an ordinary port scan may take them by chance; expected three or more, also in "
            "further lines");
}

std::shared_ptr<const knock::OneTimeList> finish_list(const KnockDraft& draft, Names& names) {
    auto list = std::make_shared<knock::OneTimeList>();
    list->look_ahead = draft.look_ahead;
    std::string content;
    for (const LineDraft& line : draft.lines) {
        const std::string text = knock::to_text(plain_steps(line.steps));
        list->lines.push_back({line.steps, noise::sha256({as_bytes(text)})});
        content += knock::to_text(line.steps) + "\n";
    }
    list->id = names.list(noise::sha256({as_bytes(content)}));
    return list;
}

}  // namespace postern::config
