// Reads the independent test data of tests/vectors.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace postern::test {

// `name` is a path below tests/vectors. A missing or broken file is an exception, so that no test passes on nothing.
inline nlohmann::json vectors(const std::string& name) {
    std::ifstream file{std::string{POSTERN_VECTORS "/"} + name};
    if (!file) throw std::runtime_error{"no test vectors at tests/vectors/" + name};
    return nlohmann::json::parse(file);
}

// The bytes of a hexadecimal member.
inline std::vector<std::uint8_t> bytes(const nlohmann::json& value) {
    return from_hex(value.get<std::string>()).value();
}

}  // namespace postern::test
