// SipHash-2-4 against the values of its paper and of its reference implementation.
#include "base/siphash.h"

#include <set>
#include <utility>

#include "catch.h"

using namespace postern;

namespace {

// The key and the messages of the paper, appendix A: 00 01 02 ... 0f, and the first bytes of 00 01 02 ...
constexpr SipKey key{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

std::vector<std::uint8_t> counting(std::size_t length) {
    std::vector<std::uint8_t> message(length);
    for (std::size_t i = 0; i < length; ++i) message[i] = static_cast<std::uint8_t>(i);
    return message;
}

}  // namespace

TEST_CASE("SipHash gives the value of its paper", "[base]") { CHECK(siphash(key, counting(15)) == 0xa129ca6149be45e5); }

TEST_CASE("SipHash of the empty message", "[base]") { CHECK(siphash(key, {}) == 0x726fdb47dd0e0e31); }

TEST_CASE("SipHash tells messages that differ in length alone", "[base]") {
    const std::vector<std::uint8_t> zeros(64);
    std::set<std::uint64_t> values;
    for (std::size_t length = 0; length <= zeros.size(); ++length)
        values.insert(siphash(key, Bytes{zeros}.first(length)));
    CHECK(values.size() == 65);
}

TEST_CASE("SipHash depends on every bit of key and message", "[base]") {
    const auto message = counting(21);
    std::set<std::uint64_t> values{siphash(key, message)};
    for (std::size_t bit = 0; bit < key.size() * 8; ++bit) {
        SipKey other = key;
        other[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        values.insert(siphash(other, message));
    }
    for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
        auto other = message;
        other[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        values.insert(siphash(key, other));
    }
    CHECK(values.size() == 1 + key.size() * 8 + message.size() * 8);
}
