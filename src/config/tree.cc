#include "config/tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

namespace postern::config {
namespace {

constexpr std::size_t deepest = 16;
constexpr std::size_t most_nodes = 100'000;

// YAML that the library would take and we do not.
struct Refused : YAML::ParserException {
    using ParserException::ParserException;
};

[[noreturn]] void refuse(const YAML::Mark& mark, const char* text) { throw Refused(mark, text); }

Place place_of(const std::string& file, const YAML::Mark& mark) {
    return mark.is_null() ? Place{file, 0, 0} : Place{file, mark.line + 1, mark.column + 1};
}

YAML::Mark mark_of(const Node& node) {
    YAML::Mark mark;
    mark.line = node.place.line - 1;
    mark.column = node.place.column - 1;
    return mark;
}

// Builds the tree from the parser's events. Open lists and mappings wait on a stack; whoever is complete joins the one
// below. In a mapping every second arrival is a name.
class Builder final : public YAML::EventHandler {
public:
    explicit Builder(std::string file) : file_{std::move(file)} {}

    [[nodiscard]] Node take() && { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        check(mark, "", anchor);
        arrive(mark, node(Node::Kind::nothing, mark));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        check(mark, tag, anchor);
        Node scalar = node(Node::Kind::scalar, mark);
        scalar.text = text;
        arrive(mark, std::move(scalar));
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check(mark, tag, anchor);
        open(node(Node::Kind::list, mark), mark);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check(mark, tag, anchor);
        open(node(Node::Kind::mapping, mark), mark);
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        Node node;
        std::optional<Node> name;  // of a mapping: the name that waits for its value
    };

    [[noreturn]] static void refuse_anchor(const YAML::Mark& mark) {
        refuse(mark, "got an anchor or alias, expected plain YAML without & and *; write the value out");
    }

    // Plain scalars come with the tag "?" or none, quoted ones with "!".
    static void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != 0) refuse_anchor(mark);
        if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "got a tag, expected plain YAML without ! words");
    }

    [[nodiscard]] Node node(Node::Kind kind, const YAML::Mark& mark) const {
        Node made;
        made.kind = kind;
        made.place = place_of(file_, mark);
        return made;
    }

    void open(Node started, const YAML::Mark& mark) {
        if (stack_.size() >= deepest) refuse(mark, "got more than 16 levels, expected a policy");
        stack_.push_back({std::move(started), std::nullopt});
    }

    void close() {
        Node done = std::move(stack_.back().node);
        stack_.pop_back();
        const YAML::Mark mark = mark_of(done);
        arrive(mark, std::move(done));
    }

    void arrive(const YAML::Mark& mark, Node done) {
        if (++nodes_ > most_nodes) refuse(mark, "got more than 100000 values, expected a policy");
        if (stack_.empty())
            root_ = std::move(done);
        else if (stack_.back().node.kind == Node::Kind::mapping)
            join_mapping(stack_.back(), mark, std::move(done));
        else
            stack_.back().node.children.push_back(std::move(done));
    }

    static void join_mapping(Open& mapping, const YAML::Mark& mark, Node done) {
        if (!mapping.name) {
            if (done.kind != Node::Kind::scalar)
                refuse(mark, "got a key that is no word, expected a name before the colon");
            mapping.name = std::move(done);
            return;
        }
        done.key = std::move(mapping.name->text);
        done.key_place = std::move(mapping.name->place);
        if (done.kind == Node::Kind::nothing) done.place = done.key_place;  // the parser is at the next token already
        mapping.name.reset();
        mapping.node.children.push_back(std::move(done));
    }

    std::string file_;
    std::vector<Open> stack_;
    std::size_t nodes_ = 0;
    Node root_;
};

Node read_document(const std::string& file, const std::string& text) {
    std::istringstream stream{text};
    YAML::Parser parser{stream};
    Builder first{file}, second{file};
    parser.HandleNextDocument(first);
    if (parser.HandleNextDocument(second))
        refuse(mark_of(std::move(second).take()),
               "got a second document behind ---, expected one; a file per client goes into clients.d/");
    return std::move(first).take();
}

// The last line up to the mistake that has a tab in front; 0: none.
int line_with_tab(const std::string& text, int last) {
    std::istringstream lines{text};
    std::string line;
    int found = 0;
    for (int number = 1; number <= last && std::getline(lines, line); ++number) {
        const std::size_t word = line.find_first_not_of(" \t\r");
        if (word == std::string::npos || line[word] == '#') continue;
        if (line.find('\t') < word) found = number;
    }
    return found;
}

// What most often stands behind what the parser says; empty where nothing is known.
std::string usual_cause(const std::string& text, const YAML::Exception& broken) {
    if (broken.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW) return "; a [ before it is never closed";
    if (broken.msg == YAML::ErrorMsg::END_OF_MAP_FLOW) return "; a { before it is never closed";
    if (const int line = line_with_tab(text, broken.mark.line + 1); line != 0)
        return "; line " + std::to_string(line) + " is indented with a tab, expected spaces";
    if (broken.msg == YAML::ErrorMsg::MAP_VALUE)
        return "; is this line or the one before it indented too deep, or has it a colon too many?";
    return "";
}

}  // namespace

const Node* Node::child(std::string_view name) const noexcept {
    const auto found =
        std::find_if(children.begin(), children.end(), [&](const Node& candidate) { return candidate.key == name; });
    return found == children.end() ? nullptr : &*found;
}

std::string described(const Node& node) {
    switch (node.kind) {
        case Node::Kind::scalar: return in_quotes(node.text);
        case Node::Kind::list: return "a list";
        case Node::Kind::mapping: return "a mapping";
        case Node::Kind::nothing: break;
    }
    return "nothing";
}

std::optional<Node> parse_tree(const std::string& file, const std::string& text, Mistakes& mistakes) {
    try {
        Node root = read_document(file, text);
        if (root.place.line == 0) root.place = {file, 1, 1};
        return root;
    } catch (const Refused& refused) {
        mistakes.add(place_of(file, refused.mark), refused.msg);
    } catch (const YAML::Exception& broken) {
        mistakes.add(place_of(file, broken.mark), "is no YAML from here on: " + broken.msg + usual_cause(text, broken));
    }
    return std::nullopt;
}

}  // namespace postern::config
