// Takes a tree through the schema into a draft: unknown, repeated and missing keys, wrong shapes and wrong values.
#pragma once

#include <string>

#include "config/draft.h"
#include "config/schema.h"
#include "config/tree.h"

namespace postern::config {

class Walk {
public:
    // Both outlive the walk.
    Walk(Draft& draft, Mistakes& mistakes) : draft_{draft}, mistakes_{mistakes} {}

    // The policy's file. Every key that is absent gets its default.
    void policy(const Node& root);

    // A file of clients.d/: what stands below one client's name. The file's name is the client's.
    void client(const std::string& name, const Node& root);

private:
    // Where a section stands: in the schema (clients.NAME.spa) and in this policy (clients.alice.spa).
    struct Path {
        std::string schema;
        std::string shown;

        [[nodiscard]] Path below(std::string_view key) const;
    };

    void section(const Path& path, const Node& node);
    void names(const Key& key, const Path& path, const Node& node);
    void name(const Key& key, const Path& path, const std::string& name, const Place& place, const Node& node);
    void known_keys(const Path& path, const Node& node);
    void read(const Key& key, const Path& path, const Node& node);
    void entries(const Key& key, const Path& path, const Node& node);
    void values(const Key& key, const Path& path, const Node& node);
    void value(const Key& key, const Path& path, const Node& node);
    void absent(const Key& key, const Path& path, const Place& place);
    void repeated_names(const Path& path, const Node& node);
    void unexpected(const Path& path, const Node& node, const std::string& expected);

    Draft& draft_;
    Mistakes& mistakes_;
};

}  // namespace postern::config
