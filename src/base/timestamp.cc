// Both directions go through the calendar of <chrono>; neither looks at a clock or a time zone.
#include "base/timestamp.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace postern {
namespace {

using namespace std::chrono;
using SystemMicros = sys_time<microseconds>;

// All of `text` as a number of exactly its digits, or nothing.
template <class Number>
bool digits(std::string_view text, Number& number) {
    for (const char c : text)
        if (c < '0' || c > '9') return false;
    return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{};
}

// A number of exactly `width` digits, with leading zeros.
std::string padded(long value, std::size_t width) {
    const std::string text = std::to_string(value);
    return std::string(width - std::min(width, text.size()), '0') + text;
}

// A WallTime counts nanoseconds in 64 bits; both ends are a little inside of what it can hold.
bool representable(sys_days day) {
    return day > sys_days{year{1678} / January / 1} && day < sys_days{year{2262} / January / 1};
}

}  // namespace

std::string to_text(WallTime time) {
    const SystemMicros micros{floor<microseconds>(time.time_since_epoch())};
    const auto day = floor<days>(micros);
    const year_month_day date{day};
    const hh_mm_ss clock{micros - day};
    return padded(int{date.year()}, 4) + '-' + padded(unsigned{date.month()}, 2) + '-' +
           padded(unsigned{date.day()}, 2) + 'T' + padded(clock.hours().count(), 2) + ':' +
           padded(clock.minutes().count(), 2) + ':' + padded(clock.seconds().count(), 2) + '.' +
           padded(clock.subseconds().count(), 6) + 'Z';
}

std::optional<WallTime> parse_wall_time(std::string_view text) {
    if (text.size() != 27) return std::nullopt;
    if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != '.' ||
        text[26] != 'Z')
        return std::nullopt;
    int y = 0;
    unsigned m = 0, d = 0, hour = 0, minute = 0, second = 0, micro = 0;
    const bool read = digits(text.substr(0, 4), y) && digits(text.substr(5, 2), m) && digits(text.substr(8, 2), d) &&
                      digits(text.substr(11, 2), hour) && digits(text.substr(14, 2), minute) &&
                      digits(text.substr(17, 2), second) && digits(text.substr(20, 6), micro);
    const year_month_day date{year{y}, month{m}, day{d}};
    if (!read || !date.ok() || hour > 23 || minute > 59 || second > 59 || !representable(date)) return std::nullopt;
    return WallTime{sys_days{date}.time_since_epoch() + hours{hour} + minutes{minute} + seconds{second} +
                    microseconds{micro}};
}

}  // namespace postern
