//     postern-rules 1
//     backend iptables
//     tool iptables
//     part v4 812
//     ... 812 bytes
//     part v6 799
//     ... 799 bytes
//     sum 0123456789abcdef        of all bytes before this line
#include "rules/loadable.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/siphash.h"
#include "rules/words.h"

namespace postern::rules {
namespace {

constexpr std::string_view first_line = "postern-rules 1\n";

// Against accidents: who may write the file needs no accident.
std::string sum_of(std::string_view content) {
    const Bytes bytes{reinterpret_cast<const std::uint8_t*>(content.data()), content.size()};
    return fmt::format("{:016x}", siphash(SipKey{}, bytes));
}

// A file of rules is loaded as root: it may choose among these and name no other program.
bool is_tool(std::string_view name, std::string_view backend) {
    if (backend == "nftables") return name.empty();
    return name == "iptables" || name == "iptables-nft" || name == "iptables-legacy";
}

// Takes a file apart from its front.
class Reader {
public:
    explicit Reader(std::string_view content) : rest_{content} {}

    // The rest of a line that begins with `word` and a space; nothing where the next line does not.
    std::optional<std::string_view> line(std::string_view word) {
        const std::size_t end = rest_.find('\n');
        if (end == std::string_view::npos || !rest_.starts_with(word) || rest_.substr(word.size(), 1) != " ")
            return std::nullopt;
        const std::string_view value = rest_.substr(word.size() + 1, end - word.size() - 1);
        rest_.remove_prefix(end + 1);
        return value;
    }

    std::optional<Part> part() {
        const auto head = line("part");
        if (!head) return std::nullopt;
        const std::size_t space = std::min(head->find(' '), head->size());
        const std::string_view digits = head->substr(std::min(space + 1, head->size()));
        std::size_t size = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), size);
        if (read.ec != std::errc{} || size > rest_.size()) return std::nullopt;
        Part part{std::string{head->substr(0, space)}, std::string{rest_.substr(0, size)}};
        rest_.remove_prefix(size);
        return part;
    }

    [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

private:
    std::string_view rest_;
};

}  // namespace

std::string_view Loadable::text(std::string_view name) const noexcept {
    const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.name == name; });
    return found == parts.end() ? std::string_view{} : found->text;
}

bool Loadable::observes() const {
    const std::string word = fmt::format("\"postern {}\"", comment::observed);
    return std::ranges::any_of(parts, [&](const Part& part) { return part.text.find(word) != std::string::npos; });
}

std::string to_file(const Loadable& loadable) {
    std::string content{first_line};
    content += fmt::format("backend {}\ntool {}\n", loadable.backend, loadable.tool);
    for (const Part& part : loadable.parts)
        content += fmt::format("part {} {}\n{}", part.name, part.text.size(), part.text);
    return content + fmt::format("sum {}\n", sum_of(content));
}

Result<Loadable> read_loadable(std::string_view content) {
    if (!content.starts_with(first_line)) return failure("not a file of rules: the first line is another");
    Reader reader{content.substr(first_line.size())};
    const auto backend = reader.line("backend");
    const auto tool = reader.line("tool");
    if (!backend || !tool) return failure("not a file of rules: backend or tool is missing");
    Loadable loadable{std::string{*backend}, std::string{*tool}, {}};
    while (auto part = reader.part()) loadable.parts.push_back(std::move(*part));
    const std::string_view summed = content.substr(0, content.size() - reader.left());
    if (reader.line("sum") != sum_of(summed) || reader.left() > 0)
        return failure("the file is cut or altered: its checksum does not hold");
    if (loadable.backend != "nftables" && loadable.backend != "iptables")
        return failure(fmt::format("got the backend {}, expected nftables or iptables", loadable.backend));
    if (!is_tool(loadable.tool, loadable.backend))
        return failure(
            fmt::format("got the tool \"{}\", expected {}", loadable.tool,
                        loadable.backend == "nftables" ? "none" : "iptables, iptables-nft or iptables-legacy"));
    return loadable;
}

}  // namespace postern::rules
