#include <algorithm>
#include <array>
#include <vector>

#include "catch.h"
#include "io/clock.h"
#include "io/random.h"

using namespace postern;
using namespace std::chrono_literals;

TEST_CASE("steady time never goes back, wall time is the system's", "[io]") {
    const Instant first = io::now();
    const auto system = std::chrono::system_clock::now().time_since_epoch();
    const Instant second = io::now();
    CHECK(second.steady >= first.steady);
    CHECK(first.steady > SteadyTime{});
    CHECK(std::chrono::abs(second.wall.time_since_epoch() - system) < 60s);
    CHECK(unix_seconds(first.wall) > 1'700'000'000);
}

TEST_CASE("random bytes fill the whole of their space, and differ", "[io]") {
    std::array<std::uint8_t, 32> one{};
    std::array<std::uint8_t, 32> other{};
    io::fill_random(one);
    io::fill_random(other);
    CHECK(one != other);
    CHECK(one != std::array<std::uint8_t, 32>{});

    std::vector<std::uint8_t> large(100'000);
    io::fill_random(large);
    for (std::size_t start = 0; start < large.size(); start += 1000)  // a thousand zeros in a row do not happen
        CHECK(std::any_of(large.begin() + static_cast<std::ptrdiff_t>(start),
                          large.begin() + static_cast<std::ptrdiff_t>(start + 1000),
                          [](auto byte) { return byte != 0; }));
}
