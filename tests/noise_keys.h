// Cases and keys of the test data: hexadecimal in, the project's own types out.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>

#include "noise/keys.h"
#include "vectors.h"

namespace postern::test {

// The cases of one file, as a value of their own: a range-for over vectors(...).at("cases") would outlive its document.
inline nlohmann::json cases(const std::string& file) { return vectors(file).at("cases"); }

// A member that is text: nlohmann's generations disagree about comparing a string with a json value.
inline std::string text(const nlohmann::json& object, const char* member) {
    return object.at(member).get<std::string>();
}

inline noise::PublicKey public_key(const std::string& hex) {
    const auto bytes = from_hex(hex).value();
    noise::PublicKey key{};
    if (bytes.size() != key.size()) throw std::invalid_argument{"not 32 bytes: " + hex};
    std::copy(bytes.begin(), bytes.end(), key.begin());
    return key;
}

inline noise::Secret secret(const std::string& hex) { return noise::Secret{public_key(hex)}; }

inline noise::KeyPair key_pair(const std::string& private_hex) { return noise::KeyPair::from(secret(private_hex)); }

}  // namespace postern::test
