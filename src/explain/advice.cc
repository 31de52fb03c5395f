#include "explain/advice.h"

#include <algorithm>
#include <array>

namespace postern::explain {
namespace {

struct Row {
    Reason reason;
    std::string_view text;
};
constexpr auto rows = std::to_array<Row>({
#define POSTERN_ADVICE(reason, text) {Reason::reason, text},
#include "explain/advice.def"
#undef POSTERN_ADVICE
});

}  // namespace

std::string_view advice(Reason reason) noexcept {
    const auto found = std::ranges::find(rows, reason, &Row::reason);
    return found == rows.end() ? std::string_view{} : found->text;
}

}  // namespace postern::explain
