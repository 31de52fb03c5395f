#include "config/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/meant.h"
#include "config/nearest.h"

namespace postern::config {
namespace {

// A key with one word waits for its others: they are words of a later version rather than slips.
bool waits(const Key& key) { return key.type.expected.empty() && key.range.find(" | ") == std::string_view::npos; }

std::string hint(std::string_view name, const std::vector<std::string_view>& known) {
    if (const auto meant = nearest(name, known)) return fmt::format("did you mean {}?", *meant);
    return fmt::format("expected {}", fmt::join(known, ", "));
}

// The path of a key that has this name somewhere else; empty where none has.
std::string_view elsewhere(std::string_view name) {
    for (const Key& row : schema())
        if (leaf(row.path) == name) return row.path;
    return {};
}

std::string not_known(std::string_view name, const std::vector<std::string_view>& known) {
    const std::string_view other = nearest(name, known) ? "" : elsewhere(name);
    return "not in this version, " + (other.empty() ? "" : fmt::format("but {} is; ", other)) + hint(name, known);
}

std::string twice(const Place& first) { return fmt::format("got it twice, the first is at {}", to_text(first)); }

}  // namespace

Walk::Path Walk::Path::below(std::string_view key) const {
    const auto join = [&](const std::string& front) {
        return front.empty() ? std::string{key} : fmt::format("{}.{}", front, key);
    };
    return {join(schema), join(shown)};
}

void Walk::policy(const Node& root) { section({}, root); }

void Walk::client(const std::string& called, const Node& root) {
    const Place file{root.place.file, 0, 0};
    const auto same = [&](const ClientDraft& other) { return other.client.name == called; };
    const auto first = std::find_if(draft_.clients.begin(), draft_.clients.end(), same);
    if (first != draft_.clients.end()) return mistakes_.add(file, "clients." + called, twice(first->place));
    name(*key("clients"), {"clients", "clients"}, called, file, root);
}

void Walk::section(const Path& path, const Node& node) {
    if (node.kind != Node::Kind::mapping && node.kind != Node::Kind::nothing) {
        const auto keys = keys_in(path.schema);
        return unexpected(path, node, fmt::format("expected a mapping with {}", fmt::join(keys, ", ")));
    }
    known_keys(path, node);
    repeated_names(path, node);
    for (const std::string_view name : keys_in(path.schema)) {
        const Path below = path.below(name);
        const Key& row = *key(below.schema);
        if (const Node* child = node.child(name))
            read(row, below, *child);
        else
            absent(row, below, node.place);
    }
}

void Walk::known_keys(const Path& path, const Node& node) {
    const auto known = keys_in(path.schema);
    for (const Node& child : node.children)
        if (std::find(known.begin(), known.end(), child.key) == known.end())
            mistakes_.add(child.key_place, path.below(child.key).shown, not_known(child.key, known));
}

void Walk::repeated_names(const Path& path, const Node& node) {
    std::map<std::string_view, const Node*> first;
    for (const Node& child : node.children) {
        const auto [known, is_first] = first.emplace(child.key, &child);
        if (!is_first) mistakes_.add(child.key_place, path.below(child.key).shown, twice(known->second->key_place));
    }
}

void Walk::read(const Key& key, const Path& path, const Node& node) {
    switch (key.shape) {
        case Shape::section: return section(path, node);
        case Shape::named: return names(key, path, node);
        case Shape::one: return value(key, path, node);
        case Shape::list:
        case Shape::some: return values(key, path, node);
        case Shape::few: return node.kind == Node::Kind::list ? values(key, path, node) : value(key, path, node);
        case Shape::entries: return entries(key, path, node);
    }
}

void Walk::absent(const Key& key, const Path& path, const Place& place) {
    if (key.shape == Shape::section) {
        Node empty;
        empty.place = place;
        section(path, empty);
    } else if (key.need == Need::required) {
        mistakes_.add(place, path.shown, fmt::format("missing, expected {}", expectation(key)));
    } else if (!key.fallback.empty()) {
        key.store(draft_, {std::string{key.fallback}, place, key.range, false});
    }
}

void Walk::names(const Key& key, const Path& path, const Node& node) {
    if (node.kind != Node::Kind::mapping && node.kind != Node::Kind::nothing)
        return unexpected(path, node, "expected a mapping from names to their settings");
    repeated_names(path, node);
    std::set<std::string_view> seen;
    for (const Node& child : node.children)
        if (seen.insert(child.key).second) name(key, path, child.key, child.key_place, child);
}

void Walk::name(const Key& key, const Path& path, const std::string& name, const Place& place, const Node& node) {
    if (!key.store(draft_, {name, place, key.range}))
        return mistakes_.add(place, path.shown, fmt::format("got {}, expected {}", in_quotes(name), expectation(key)));
    section({path.schema + ".NAME", fmt::format("{}.{}", path.shown, name)}, node);
}

void Walk::value(const Key& key, const Path& path, const Node& node) {
    const bool scalar = node.kind == Node::Kind::scalar;
    if (scalar && key.store(draft_, {node.text, node.place, key.range})) return;
    const auto near = scalar ? meant(key, node.text) : std::nullopt;
    const std::string hint = near ? fmt::format("; did you mean {}?", *near) : "";
    unexpected(path, node,
               (scalar && waits(key) ? "not in this version, expected " : "expected ") + expectation(key) + hint);
}

void Walk::entries(const Key& key, const Path& path, const Node& node) {
    if (node.kind != Node::Kind::list)
        return unexpected(path, node, fmt::format("expected a list in brackets, each {}", expectation(key)));
    for (const Node& child : node.children) {
        if (child.kind == Node::Kind::mapping)
            section({path.schema + ".ENTRY", path.shown}, child);
        else
            value(key, path, child);
    }
}

void Walk::values(const Key& key, const Path& path, const Node& node) {
    const std::string each = fmt::format("expected a list in brackets, each {}", expectation(key));
    if (node.kind != Node::Kind::list) return unexpected(path, node, each);
    if (node.children.empty() && key.shape != Shape::list)
        return mistakes_.add(node.place, path.shown, "got an empty list, " + each);
    std::set<std::string_view> seen;
    for (const Node& child : node.children) {
        if (child.kind == Node::Kind::scalar && !seen.insert(child.text).second)
            unexpected(path, child, "expected each value once");
        else
            value(key, path, child);
    }
}

void Walk::unexpected(const Path& path, const Node& node, const std::string& expected) {
    mistakes_.add(node.place, path.shown, fmt::format("got {}, {}", described(node), expected));
}

}  // namespace postern::config
