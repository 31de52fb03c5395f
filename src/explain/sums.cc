#include "explain/sums.h"

namespace postern::explain {

void Sums::count(const Explanation& explanation) {
    const std::string_view word = explanation.word();
    ++packets_;
    ++by_kind_[static_cast<std::size_t>(explanation.kind())][word];
    const auto& packet = explanation.event.packet;
    const bool room = packet && (by_source_.size() < most_sources || by_source_.contains(packet->source));
    ++(room ? by_source_[packet->source] : elsewhere_)[word];
}

}  // namespace postern::explain
