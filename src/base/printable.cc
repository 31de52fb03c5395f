#include "base/printable.h"

#include <algorithm>

namespace postern {

std::string printable(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return text;
}

}  // namespace postern
