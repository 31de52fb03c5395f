// YAML text as a small tree that remembers where everything stands. What a value means is the schema's business.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/place.h"

namespace postern::config {

struct Node {
    enum class Kind { nothing, scalar, list, mapping };

    Kind kind = Kind::nothing;
    Place place;
    std::string text;            // of a scalar, quotes removed
    std::string key;             // of a child of a mapping: its name there
    Place key_place;             // and where that name stands
    std::vector<Node> children;  // in the order of the file; a name may come twice

    // The first child of that name; null where there is none.
    [[nodiscard]] const Node* child(std::string_view name) const noexcept;
};

// What stands there, for a message: the quoted text of a scalar, otherwise "a list", "a mapping" or "nothing".
[[nodiscard]] std::string described(const Node& node);

// Nothing where `text` is not one YAML document of the plain kind: anchors, aliases, tags, names that are not scalars,
// and more than 16 levels or 100 000 nodes are mistakes, so that no short text unfolds into a long one. One mistake is
// added then. Exceptions of the YAML library end here.
[[nodiscard]] std::optional<Node> parse_tree(const std::string& file, const std::string& text, Mistakes& mistakes);

}  // namespace postern::config
