#include "control/kernel_queues.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace postern::control {
namespace {

// The first numbers of a line; zero where there are fewer.
std::array<std::uint64_t, 6> numbers_of(std::string_view line) {
    std::array<std::uint64_t, 6> numbers{};
    for (std::uint64_t& number : numbers) {
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        const auto end = std::from_chars(line.data(), line.data() + line.size(), number).ptr;
        line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    }
    return numbers;
}

}  // namespace

// Queue, port id, waiting, copy mode, copy range, dropped for want of room, ...
void add_kernel_counts(Status& status, std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const auto numbers = numbers_of(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto queue = std::ranges::find(status.queues, numbers[0], &QueueStatus::number);
        if (queue == status.queues.end()) continue;
        queue->queue_full = numbers[5];
        if (numbers[5] > 0)
            status.warnings.push_back("queue " + std::to_string(numbers[0]) + ": " + std::to_string(numbers[5]) +
                                      " packets were dropped unjudged: the queue was full");
    }
}

}  // namespace postern::control
