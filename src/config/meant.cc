#include "config/meant.h"

#include <array>
#include <vector>

#include "config/nearest.h"
#include "config/values.h"

namespace postern::config {
namespace {

constexpr std::string_view digits = "0123456789";

// The words of a range such as "auto | nftables | iptables".
std::vector<std::string_view> words_of(std::string_view range) {
    constexpr std::string_view between = " | ";
    std::vector<std::string_view> words;
    for (std::size_t at = range.find(between); at != std::string_view::npos; at = range.find(between)) {
        words.push_back(range.substr(0, at));
        range.remove_prefix(at + between.size());
    }
    if (!words.empty()) words.push_back(range);
    return words;
}

std::optional<std::string> word(const Key& key, std::string_view text) {
    const auto found = nearest(text, words_of(key.range));
    return found ? std::optional{std::string{*found}} : std::nullopt;
}

// A number with a unit by another name; without one, seconds.
std::optional<std::string> with_unit(std::string_view text) {
    struct Unit {
        std::string_view name;
        char letter;
    };
    constexpr auto units = std::to_array<Unit>({{"", 's'},
                                                {"sec", 's'},
                                                {"second", 's'},
                                                {"seconds", 's'},
                                                {"S", 's'},
                                                {"min", 'm'},
                                                {"minute", 'm'},
                                                {"minutes", 'm'},
                                                {"M", 'm'},
                                                {"hour", 'h'},
                                                {"hours", 'h'},
                                                {"hr", 'h'},
                                                {"H", 'h'}});
    const std::size_t size = std::min(text.find_first_not_of(digits), text.size());
    const std::string number{text.substr(0, size)};
    text.remove_prefix(size);
    while (text.starts_with(' ')) text.remove_prefix(1);
    for (const Unit& unit : units)
        if (text == unit.name && size > 0) return number + unit.letter;
    return std::nullopt;
}

// The protocol, misspelt before the slash or written behind it.
std::optional<std::string> with_protocol(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    if (const auto behind = text.substr(slash + 1); behind == "tcp" || behind == "udp")
        return std::string{behind}.append("/").append(text.substr(0, slash));
    const auto protocol = nearest(text.substr(0, slash), {"tcp", "udp", "icmp"});
    return protocol ? std::optional{std::string{*protocol}.append(text.substr(slash))} : std::nullopt;
}

// The network of an address that was written with the length of its prefix: 192.0.2.0/24 for 192.0.2.1/24.
std::optional<std::string> network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    const auto length = slash == std::string_view::npos ? std::nullopt : number(text.substr(slash + 1));
    if (!address || !length || *length > address_bits(address->family)) return std::nullopt;
    return to_text(Prefix{address->masked(*length), *length});
}

bool takes(const Key& key, const std::string& text) {
    Draft draft;
    draft.services.emplace_back();
    draft.clients.emplace_back();
    draft.knocks.emplace_back();
    return key.store(draft, {text, {}, key.range});
}

}  // namespace

std::optional<std::string> meant(const Key& key, std::string_view text) {
    const bool duration = key.type.name == "duration";
    for (const auto& near :
         {word(key, text), duration ? with_unit(text) : std::nullopt, with_protocol(text), network(text)})
        if (near && *near != text && takes(key, *near)) return near;
    return std::nullopt;
}

}  // namespace postern::config
