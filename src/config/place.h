// Where things stand in the files an operator writes, and the list of mistakes found there.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"

namespace postern::config {

struct Place {
    std::string file;
    int line = 0;    // from 1; 0: the file as a whole
    int column = 0;  // from 1
};

// A value that can only be judged beside others, with the place to point at then.
template <class T>
struct Placed {
    T value;
    Place place;
};

// Collects; never stops at the first.
class Mistakes {
public:
    // `text` becomes one line of bounded length, whatever bytes of the file it shows.
    void add(const Place& place, const std::string& text);

    // "path: got ..., expected ...": the usual form.
    void add(const Place& place, std::string_view path, std::string_view text) {
        add(place, std::string{path}.append(": ").append(text));
    }
    [[nodiscard]] bool none() const noexcept { return list_.empty(); }

    // In the order of the files, `first` before all others.
    [[nodiscard]] std::vector<Diagnostic> sorted(const std::string& first) &&;

private:
    std::vector<Diagnostic> list_;
};

// file:line:column, or the file alone.
[[nodiscard]] std::string to_text(const Place& place);

// `text` between quotes, other than printable ASCII escaped, its end cut off where it is long.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace postern::config
