#include "capture/file.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>

namespace postern::capture {
namespace {

std::string name_of(int datalink) {
    const char* name = pcap_datalink_val_to_name(datalink);
    return name != nullptr ? name : std::to_string(datalink);
}

// Seconds of 64 bits of nanoseconds, rounded down: up to the year 2255. A pcapng file can say any 64 bits.
constexpr std::int64_t longest_time = 9'000'000'000;

}  // namespace

void File::Closer::operator()(pcap* handle) const noexcept { pcap_close(handle); }

Result<File> File::open(const std::filesystem::path& path) {
    char reason[PCAP_ERRBUF_SIZE] = "";
    std::unique_ptr<pcap, Closer> handle{
        pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, reason)};
    if (!handle) {
        const std::string text = reason;
        const std::string prefix = path.string() + ": ";
        return failure(text.starts_with(prefix) ? text : prefix + text);
    }
    const int datalink = pcap_datalink(handle.get());
    const auto link = link_of(datalink);
    if (!link)
        return failure(
            fmt::format("{}: got link type {}, expected raw IP, Ethernet or Linux cooked; capture with "
                        "`tcpdump -i any -w FILE`",
                        path.string(), name_of(datalink)));
    return File{path, std::move(handle), *link};
}

Result<std::optional<Record>> File::next() {
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* bytes = nullptr;
    const int got = pcap_next_ex(handle_.get(), &header, &bytes);
    if (got == PCAP_ERROR_BREAK) return std::nullopt;
    if (got != 1) return failure(fmt::format("{}: {}", path_.string(), pcap_geterr(handle_.get())));
    if (header->ts.tv_sec < 0 || header->ts.tv_sec > longest_time)
        return failure(fmt::format("{}: got a packet of second {} since 1970, expected at most {}", path_.string(),
                                   static_cast<std::int64_t>(header->ts.tv_sec), longest_time));
    const WallTime time{std::chrono::seconds{header->ts.tv_sec} + std::chrono::nanoseconds{header->ts.tv_usec}};
    Record record{time, find_packet(link_, {bytes, header->caplen}), 0};
    const std::size_t on_wire = std::max(header->len, header->caplen);
    record.length = on_wire - std::min(record.found.before, on_wire);
    return record;
}

}  // namespace postern::capture
