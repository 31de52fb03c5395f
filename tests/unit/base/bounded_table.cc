// The bounded table beside a naive twin (std::unordered_map), under random work and under hashes that do their worst.
#include "base/bounded_table.h"

#include <memory>
#include <random>
#include <unordered_map>

#include "catch.h"

using namespace postern;

namespace {

using Hash = std::uint64_t (*)(const int&);

std::uint64_t scattered(const int& key) { return static_cast<std::uint64_t>(key) * 0x9e3779b97f4a7c15 >> 32; }
std::uint64_t colliding(const int&) { return 0; }
std::uint64_t last_slot(const int&) { return ~std::uint64_t{0}; }  // all chains wrap
std::uint64_t crowded(const int& key) { return ~std::uint64_t{0} - (static_cast<unsigned>(key) & 3); }  // some do

using Table = BoundedTable<int, int, Hash>;
using Twin = std::unordered_map<int, int>;

void check_same(Table& table, const Twin& twin) {
    Twin visited;
    table.for_each([&](const int& key, int& value) { CHECK(visited.emplace(key, value).second); });
    CHECK(visited == twin);
    CHECK(table.size() == twin.size());
}

bool insert_both(Table& table, Twin& twin, int key, int value) {
    const int* placed = table.insert(key, value);
    const bool room = twin.count(key) != 0 || twin.size() < table.capacity();
    if (room) twin[key] = value;
    return room ? placed != nullptr && *placed == value : placed == nullptr;
}

bool find_both(Table& table, const Twin& twin, int key) {
    const int* found = table.find(key);
    const auto expected = twin.find(key);
    return expected == twin.end() ? found == nullptr : found != nullptr && *found == expected->second;
}

bool erase_if_both(Table& table, Twin& twin, int divisor) {
    const auto doomed = [=](const int& key, const int& value) { return (key + value) % divisor == 0; };
    const std::size_t erased = table.erase_if(doomed);
    return erased == std::erase_if(twin, [&](const auto& entry) { return doomed(entry.first, entry.second); });
}

}  // namespace

TEST_CASE("the table does what a naive twin does", "[base]") {
    const Hash hash = GENERATE(Hash{scattered}, Hash{colliding}, Hash{last_slot}, Hash{crowded});
    const auto capacity = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{8}, std::size_t{33});
    const auto seed = GENERATE(std::uint64_t{1}, std::uint64_t{20261});
    CAPTURE(capacity, seed);
    std::mt19937_64 random{seed};
    const auto below = [&](int limit) { return std::uniform_int_distribution<int>{0, limit - 1}(random); };
    Table table{capacity, hash};
    Twin twin;
    const int keys = static_cast<int>(capacity) * 2 + 2;  // more than fit
    for (int step = 0; step < 4'000; ++step) {
        const int key = below(keys);
        const int action = below(100);
        if (action < 50) {
            REQUIRE(insert_both(table, twin, key, below(1'000)));
        } else if (action < 98) {
            REQUIRE(table.erase(key) == (twin.erase(key) == 1));
        } else {
            REQUIRE(erase_if_both(table, twin, 2 + below(3)));
        }
        for (int k = 0; k < keys; ++k)
            if (!find_both(table, twin, k)) FAIL("key " << k << " is wrong after step " << step);
        if (step % 64 == 0) check_same(table, twin);
    }
    check_same(table, twin);
}

TEST_CASE("a full table refuses the newcomer and keeps everybody", "[base]") {
    Table table{4, scattered};
    for (int key = 0; key < 4; ++key) REQUIRE(table.insert(key, key * 10) != nullptr);
    CHECK(table.insert(4, 40) == nullptr);
    CHECK(table.find(4) == nullptr);
    CHECK(table.size() == 4);
    for (int key = 0; key < 4; ++key) CHECK(*table.find(key) == key * 10);
}

TEST_CASE("a full table still replaces the value of a key that is in", "[base]") {
    Table table{2, colliding};
    table.insert(1, 10);
    table.insert(2, 20);
    REQUIRE(table.insert(2, 21) != nullptr);
    CHECK(*table.find(2) == 21);
    CHECK(table.size() == 2);
}

TEST_CASE("the place of an erased key is free again", "[base]") {
    Table table{2, colliding};
    table.insert(1, 10);
    table.insert(2, 20);
    CHECK(table.erase(1));
    CHECK_FALSE(table.erase(1));
    CHECK(table.insert(3, 30) != nullptr);
    CHECK(*table.find(2) == 20);
    CHECK(*table.find(3) == 30);
}

TEST_CASE("a table without capacity holds nothing", "[base]") {
    Table table{0, scattered};
    CHECK(table.insert(1, 1) == nullptr);
    CHECK(table.find(1) == nullptr);
    CHECK_FALSE(table.erase(1));
    CHECK(table.size() == 0);
}

TEST_CASE("a found value can be changed in place", "[base]") {
    Table table{2, scattered};
    table.insert(7, 1);
    *table.find(7) = 2;
    table.for_each([](const int&, int& value) { value += 10; });
    CHECK(*table.find(7) == 12);
}

TEST_CASE("values that can only be moved are kept, moved back over gaps, and freed", "[base]") {
    const auto alive = std::make_shared<int>(0);
    const auto hold = [&] { return std::make_unique<std::shared_ptr<int>>(alive); };
    BoundedTable<int, std::unique_ptr<std::shared_ptr<int>>, Hash> table{8, last_slot};
    for (int key = 0; key < 8; ++key) table.insert(key, hold());
    CHECK(alive.use_count() == 9);
    CHECK(table.erase_if([](const int& key, auto&) { return key % 2 == 0; }) == 4);
    CHECK(alive.use_count() == 5);
    for (int key = 0; key < 8; ++key) {
        auto* found = table.find(key);
        REQUIRE((found != nullptr) == (key % 2 != 0));
        if (found) CHECK(*found != nullptr);
    }
}
