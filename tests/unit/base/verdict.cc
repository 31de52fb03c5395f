// The words of decisions: drop unless said otherwise, one word per reason, all spelled alike.
#include "base/verdict.h"

#include <algorithm>
#include <set>
#include <string>

#include "catch.h"

using namespace postern;

namespace {

Reason reason(std::size_t index) { return static_cast<Reason>(index); }

bool lower_snake(std::string_view word) {
    const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !word.empty() && letter(word.front()) && letter(word.back()) && word.find("__") == word.npos &&
           std::all_of(word.begin(), word.end(), [&](char c) { return letter(c) || c == '_'; });
}

}  // namespace

TEST_CASE("who forgets to decide has decided to drop", "[base]") {
    CHECK(Verdict{} == Verdict::drop);
    CHECK(word(Verdict{}) == "drop");
    CHECK(word(Verdict::accept) == "accept");
}

TEST_CASE("a verdict that nobody defined reads as drop", "[base]") {
    CHECK(word(static_cast<Verdict>(2)) == "drop");
    CHECK(word(static_cast<Verdict>(255)) == "drop");
}

TEST_CASE("every reason has a word of its own in lower snake case", "[base]") {
    std::set<std::string_view> words;
    for (std::size_t i = 0; i < reason_count; ++i) {
        CAPTURE(word(reason(i)));
        CHECK(lower_snake(word(reason(i))));
        CHECK(words.insert(word(reason(i))).second);
    }
    CHECK(words.size() == reason_count);
}

TEST_CASE("every reason has a meaning of its own, one line of plain text", "[base]") {
    std::set<std::string_view> meanings;
    for (std::size_t i = 0; i < reason_count; ++i) {
        const std::string_view text = meaning(reason(i));
        CAPTURE(word(reason(i)), text);
        CHECK(text.size() > 10);
        CHECK(text.back() != '.');
        CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }));
        CHECK(meanings.insert(text).second);
    }
}

TEST_CASE("an enumerator and its word spell alike", "[base]") {
    CHECK(word(Reason::malformed) == "malformed");
    CHECK(word(Reason::grant_active) == "grant_active");
    CHECK(word(Reason::spa_accepted) == "spa_accepted");
    CHECK(word(reason(reason_count - 1)) == "grants_full");
}
