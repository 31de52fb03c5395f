// The line of postern.yaml(5) that a schema row calls for.
#pragma once

#include <string>

#include "config/schema.h"

namespace postern::config::test {

inline std::string manual_entry(const Key& key) {
    const bool listed = key.shape == Shape::list || key.shape == Shape::some || key.shape == Shape::entries;
    std::string line{"Type: "};
    line.append(key.shape == Shape::named ? "sections by name" : key.type.name)
        .append(listed                    ? ", in a list"
                : key.shape == Shape::few ? ", or a list"
                                          : "");
    if (!key.range.empty()) line.append("; range: ").append(key.range);
    if (!key.unit.empty()) line.append("; unit: ").append(key.unit);
    if (key.need == Need::required) return line + "; required.";
    if (key.shape == Shape::section || key.shape == Shape::named) return line + "; optional.";
    return line.append("; default: ").append(key.fallback.empty() ? "none" : key.fallback) + '.';
}

}  // namespace postern::config::test
