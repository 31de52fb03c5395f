#include "spa/payload.h"

#include <algorithm>
#include <limits>

namespace postern::spa {

namespace {

enum class Type : std::uint8_t { padding, kind, attempt, time, service, window, ipv4, ipv6, source_port };

constexpr std::uint8_t raw(Type type) { return static_cast<std::uint8_t>(type); }

class Writer {
public:
    void record(Type type, Bytes value) {
        out_.push_back(raw(type));
        out_.push_back(static_cast<std::uint8_t>(value.size()));
        out_.insert(out_.end(), value.begin(), value.end());
    }
    void address(Type type, const AddressClaim& claim) {
        if (claim.mode == AddressClaim::Mode::as_seen) record(type, {});
        if (claim.mode == AddressClaim::Mode::exact) record(type, claim.address.bytes());
    }
    [[nodiscard]] std::vector<std::uint8_t> take() { return std::move(out_); }

private:
    std::vector<std::uint8_t> out_;
};

bool has_encoding(const AddressClaim& claim, Family family) {
    return claim.mode != AddressClaim::Mode::exact || claim.address.family == family;
}

// `claims` with its services in order.
bool has_encoding(const Claims& claims) {
    const auto& services = claims.services;
    const auto absent = AddressClaim::Mode::absent;
    return !services.empty() && services.size() <= most_services &&
           std::all_of(services.begin(), services.end(), is_service_name) &&
           std::adjacent_find(services.begin(), services.end()) == services.end() &&
           claims.time.time_since_epoch().count() >= 0 && claims.window >= Duration{} &&
           claims.window <= longest_window && claims.window % std::chrono::seconds{1} == Duration{} &&
           has_encoding(claims.v4, Family::v4) && has_encoding(claims.v6, Family::v6) &&
           !(claims.v4.mode == absent && claims.v6.mode == absent);
}

// Reads records into claims, one after the other; the first that is not as specified ends it.
class Records {
public:
    explicit Records(Bytes payload) : reader_{payload} {}

    tl::expected<Claims, Reason> read() {
        if (!read_kind()) return tl::make_unexpected(Reason::spa_payload);
        if (claims_.kind != Kind::open) return tl::make_unexpected(Reason::spa_kind);
        while (reader_.left() > 0 && reader_.rest().front() != raw(Type::padding))
            if (!read_record()) return tl::make_unexpected(Reason::spa_payload);
        if (!is_complete() || !rest_is_zero()) return tl::make_unexpected(Reason::spa_payload);
        return std::move(claims_);
    }

private:
    bool read_kind() {
        if (reader_.u8() != raw(Type::kind) || reader_.u8() != 1) return false;
        claims_.kind = static_cast<Kind>(reader_.u8());
        last_ = Type::kind;
        return reader_.ok();
    }

    bool read_record() {
        const auto type = static_cast<Type>(reader_.u8());
        const bool in_order = type > last_ || (type == last_ && type == Type::service);
        const std::size_t length = reader_.u8();
        value_ = reader_.take(length);
        last_ = type;
        return in_order && reader_.ok() && read_value(type);
    }

    bool read_value(Type type) {
        switch (type) {
            case Type::attempt: return read_attempt();
            case Type::time: return read_time();
            case Type::service: return read_service();
            case Type::window: return read_window();
            case Type::ipv4: return read_address(claims_.v4, Family::v4);
            case Type::ipv6: return read_address(claims_.v6, Family::v6);
            case Type::source_port: return read_source_port();
            default: return false;
        }
    }

    bool read_attempt() {
        if (value_.size() != claims_.attempt.size()) return false;
        std::copy(value_.begin(), value_.end(), claims_.attempt.begin());
        return has_attempt_ = true;
    }

    bool read_time() {
        if (value_.size() != 8) return false;
        const std::uint64_t nanoseconds = Reader{value_}.be64();
        if (nanoseconds > std::numeric_limits<std::int64_t>::max()) return false;
        claims_.time = WallTime{Duration{static_cast<std::int64_t>(nanoseconds)}};
        return has_time_ = true;
    }

    bool read_service() {
        std::string name{value_.begin(), value_.end()};
        auto& services = claims_.services;
        if (!is_service_name(name) || services.size() == most_services) return false;
        if (!services.empty() && services.back() >= name) return false;
        services.push_back(std::move(name));
        return true;
    }

    bool read_window() {
        if (value_.size() != 4) return false;
        claims_.window = std::chrono::seconds{Reader{value_}.be32()};
        return claims_.window > Duration{} && claims_.window <= longest_window;
    }

    bool read_address(AddressClaim& claim, Family family) const {
        claim.mode = value_.empty() ? AddressClaim::Mode::as_seen : AddressClaim::Mode::exact;
        if (value_.empty()) return true;
        if (value_.size() != address_bits(family) / 8) return false;
        claim.address = family == Family::v4 ? IpAddress::v4(value_) : IpAddress::v6(value_);
        return true;
    }

    bool read_source_port() {
        if (value_.size() != 2) return false;
        claims_.source_port = Reader{value_}.be16();
        return claims_.source_port != 0;
    }

    [[nodiscard]] bool is_complete() const {
        const auto absent = AddressClaim::Mode::absent;
        const bool has_address = claims_.v4.mode != absent || claims_.v6.mode != absent;
        return has_attempt_ && has_time_ && !claims_.services.empty() && has_address;
    }

    [[nodiscard]] bool rest_is_zero() const {
        return std::all_of(reader_.rest().begin(), reader_.rest().end(), [](std::uint8_t byte) { return byte == 0; });
    }

    Reader reader_;
    Claims claims_;
    Bytes value_;
    Type last_ = Type::padding;
    bool has_attempt_ = false;
    bool has_time_ = false;
};

}  // namespace

bool is_service_name(std::string_view name) noexcept {
    const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !name.empty() && name.size() <= longest_service_name && std::all_of(name.begin(), name.end(), is_allowed);
}

std::optional<std::vector<std::uint8_t>> encode(Claims claims) {
    std::sort(claims.services.begin(), claims.services.end());
    if (!has_encoding(claims)) return std::nullopt;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(claims.window).count();
    Writer writer;
    const std::uint8_t kind = static_cast<std::uint8_t>(claims.kind);
    writer.record(Type::kind, {&kind, 1});
    writer.record(Type::attempt, claims.attempt);
    writer.record(Type::time, big_endian(static_cast<std::uint64_t>(claims.time.time_since_epoch().count())));
    for (const auto& name : claims.services) writer.record(Type::service, as_bytes(name));
    if (seconds != 0) writer.record(Type::window, big_endian(static_cast<std::uint32_t>(seconds)));
    writer.address(Type::ipv4, claims.v4);
    writer.address(Type::ipv6, claims.v6);
    if (claims.source_port != 0) writer.record(Type::source_port, big_endian(claims.source_port));
    return writer.take();
}

tl::expected<Claims, Reason> decode(Bytes payload) { return Records{payload}.read(); }

}  // namespace postern::spa
