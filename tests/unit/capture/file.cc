// Capture files of every kind that is read: byte orders, resolutions, link types; and what is said of broken ones.
#include <fstream>

#include "capture/file.h"
#include "catch.h"
#include "scratch.h"

using namespace postern;
using Buffer = std::vector<std::uint8_t>;

namespace {

const Buffer packet{0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};

Buffer operator+(Buffer one, const Buffer& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

Buffer number(std::uint32_t value, bool big) {
    Buffer bytes;
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> 8 * (big ? 3 - i : i)));
    return bytes;
}

struct Shape {
    std::uint32_t magic = 0xa1b2c3d4;
    std::uint32_t link = 101;
    bool big = false;
};

// A file of one frame, recorded at 1000 s and `part` of the resolution; `cut` bytes of it are missing.
Buffer file_of(const Buffer& frame, const Shape& shape, std::uint32_t part = 5, std::size_t cut = 0) {
    const auto put = [&](std::size_t value) { return number(static_cast<std::uint32_t>(value), shape.big); };
    const Buffer version = shape.big ? Buffer{0, 2, 0, 4} : Buffer{2, 0, 4, 0};
    const Buffer kept{frame.begin(), frame.end() - static_cast<std::ptrdiff_t>(cut)};
    return put(shape.magic) + version + put(0) + put(0) + put(65535) + put(shape.link) + put(1000) + put(part) +
           put(kept.size()) + put(frame.size()) + kept;
}

class Captures {
public:
    std::string write(const Buffer& bytes) {
        const auto path = scratch_ / "capture.pcap";
        std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()),
                                                    static_cast<std::streamsize>(bytes.size()));
        return path;
    }
    // The one record of a file.
    capture::Record only(const Buffer& bytes) {
        file_ = std::make_unique<capture::File>(capture::File::open(write(bytes)).value());
        auto record = file_->next().value();
        REQUIRE(record);
        kept_.assign(record->found.packet.begin(), record->found.packet.end());
        record->found.packet = kept_;
        CHECK_FALSE(file_->next().value());
        return *record;
    }

private:
    test::ScratchDirectory scratch_;
    std::unique_ptr<capture::File> file_;
    Buffer kept_;
};

Buffer bytes_of(const capture::Record& record) { return {record.found.packet.begin(), record.found.packet.end()}; }

const Buffer ethernet = Buffer(12, 2) + Buffer{8, 0};
const Buffer vlan = Buffer(12, 2) + Buffer{0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 8, 0};
const Buffer cooked_in = Buffer{0, 0, 0, 1, 0, 6} + Buffer(8) + Buffer{8, 0};
const Buffer cooked_out = Buffer{0, 4, 0, 1, 0, 6} + Buffer(8) + Buffer{8, 0};
const Buffer cooked_loopback = Buffer{0, 0, 3, 4, 0, 6} + Buffer(8) + Buffer{8, 0};
const Buffer cooked2_in = Buffer{8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6} + Buffer(8);
const Buffer cooked2_other = Buffer{8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 3, 6} + Buffer(8);

}  // namespace

TEST_CASE("both byte orders and both resolutions are read", "[capture]") {
    Captures captures;
    for (const bool big : {false, true}) {
        const auto micro = captures.only(file_of(packet, {0xa1b2c3d4, 101, big}));
        CHECK(micro.time == wall_time(1000) + std::chrono::microseconds{5});
        CHECK(bytes_of(micro) == packet);
        const auto nano = captures.only(file_of(packet, {0xa1b23c4d, 101, big}));
        CHECK(nano.time == wall_time(1000) + std::chrono::nanoseconds{5});
    }
}

TEST_CASE("the packet is found behind every kind of link header", "[capture]") {
    using capture::Direction;
    struct Case {
        std::uint32_t link;
        Buffer header;
        Direction direction;
    };
    const Case cases[] = {{101, {}, Direction::unknown},
                          {228, {}, Direction::unknown},
                          {1, ethernet, Direction::unknown},
                          {1, vlan, Direction::unknown},
                          {113, cooked_in, Direction::incoming},
                          {113, cooked_out, Direction::outgoing},
                          {113, cooked_loopback, Direction::loopback},
                          {276, cooked2_in, Direction::incoming},
                          {276, cooked2_other, Direction::other_host}};
    Captures captures;
    for (const auto& [link, header, direction] : cases) {
        INFO("link " << link << ", header of " << header.size());
        const auto record = captures.only(file_of(header + packet, {0xa1b2c3d4, link}));
        CHECK(bytes_of(record) == packet);
        CHECK(record.length == packet.size());
        CHECK(record.found.direction == direction);
    }
}

TEST_CASE("a packet that was cut keeps its length on the wire", "[capture]") {
    Captures captures;
    const auto record = captures.only(file_of(ethernet + packet, {0xa1b2c3d4, 1}, 5, 8));
    CHECK(record.found.packet.size() == packet.size() - 8);
    CHECK(record.length == packet.size());
}

TEST_CASE("a frame without IP, or too short for its own header, holds no packet", "[capture]") {
    Captures captures;
    const Buffer arp = Buffer(12, 2) + Buffer{8, 6, 1, 2, 3};
    CHECK(captures.only(file_of(arp, {0xa1b2c3d4, 1})).found.packet.empty());
    for (std::size_t size = 0; size < vlan.size(); ++size)
        CHECK(capture::find_packet(capture::Link::ethernet, Bytes{vlan}.first(size)).packet.empty());
    for (std::size_t size = 0; size < 20; ++size) {
        CHECK(capture::find_packet(capture::Link::cooked2, Bytes{cooked2_in}.first(size)).packet.empty());
        CHECK(capture::find_packet(capture::Link::cooked, Bytes{cooked_in}.first(std::min<std::size_t>(size, 15)))
                  .packet.empty());
    }
}

TEST_CASE("a file that is none, of another link, or that breaks off is one line of error", "[capture]") {
    Captures captures;
    CHECK(capture::File::open("/nowhere.pcap").error().text == "/nowhere.pcap: No such file or directory");
    const auto bluetooth = capture::File::open(captures.write(file_of(packet, {0xa1b2c3d4, 187}))).error().text;
    CHECK(bluetooth.find("got link type BLUETOOTH_HCI_H4, expected raw IP, Ethernet or Linux cooked") !=
          std::string::npos);
    CHECK(capture::File::open(captures.write(Buffer(100, 7))).error().text.find("capture.pcap: ") != std::string::npos);
    Buffer broken = file_of(packet, {});
    broken.erase(broken.end() - 3, broken.end());
    auto file = capture::File::open(captures.write(broken)).value();
    CHECK(file.next().error().text.find("truncated") != std::string::npos);
}
