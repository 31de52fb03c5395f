// Every key a policy may have: one row each. Reading, defaults, error texts and the check of postern.yaml(5) all come
// from the row; a new key is a new row.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/draft.h"
#include "config/values.h"

namespace postern::config {

enum class Shape {
    section,  // a mapping with the keys below it
    named,    // a mapping from names the operator chooses to sections; written NAME in paths
    one,      // a single value
    list,     // values between brackets, none included
    some,     // values between brackets, at least one
    few,      // a single value, or several between brackets
    entries,  // a list between brackets; each a single value, or a mapping whose keys stand below PATH.ENTRY
};

enum class Need { optional, required };

// How a value is written.
struct Type {
    std::string_view name;      // for the manual: "duration"
    std::string_view expected;  // for messages: "a duration such as 15s, 2m or 12h"
};

struct Key {
    std::string_view path;  // gateway.skew, services.NAME.ports
    Need need;
    Shape shape;
    Type type;
    std::string_view range;     // "1s to 5m", ends included; "auto | nftables | iptables"; empty: what the type says
    std::string_view unit;      // empty: a pure word or name
    std::string_view fallback;  // the default, read as if it were written; empty: none
    std::string_view meaning;

    // Puts one value into the draft, of a list each in turn; false where the text is not of the type or out of range.
    // For a named key: begins the one with that name.
    bool (*store)(Draft&, const Value&);
};

// In the order of the manual: a section stands before its keys.
[[nodiscard]] std::span<const Key> schema();

// Null where there is no such key.
[[nodiscard]] const Key* key(std::string_view path);

// The path of the section around: of gateway.skew, gateway; of gateway, the empty path.
[[nodiscard]] std::string_view parent(std::string_view path);

// The last word of a path.
[[nodiscard]] std::string_view leaf(std::string_view path);

// The names of the keys directly in a section, in the schema's order.
[[nodiscard]] std::vector<std::string_view> keys_in(std::string_view section);

// "a duration such as 15s, 2m or 12h, from 1s to 5m"
[[nodiscard]] std::string expectation(const Key& key);

}  // namespace postern::config
