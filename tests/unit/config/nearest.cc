// The hint behind a mistyped word.
#include "config/nearest.h"

#include "catch.h"

namespace postern::config {
namespace {

const std::vector<std::string_view> words{"name", "skew", "queues", "spa"};

TEST_CASE("a slip or two away is near", "[config]") {
    CHECK(nearest("skwe", words) == "skew");     // neighbours swapped
    CHECK(nearest("queue", words) == "queues");  // one too few
    CHECK(nearest("nammee", words) == "name");   // two too many
    CHECK(nearest("sqa", words) == "spa");       // one wrong
    CHECK(nearest("skew", words) == "skew");
}

TEST_CASE("a word of its own is near nothing", "[config]") {
    CHECK_FALSE(nearest("open", words));
    CHECK_FALSE(nearest("to", words));
    CHECK_FALSE(nearest("", words));
    CHECK_FALSE(nearest(std::string(1'000'000, 'a'), words));
    CHECK_FALSE(nearest("skew", {}));
}

}  // namespace
}  // namespace postern::config
