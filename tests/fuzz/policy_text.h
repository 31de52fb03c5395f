// YAML for the policy compiler, made of choices: the keys are the schema's, the values good, bad and of other shapes. A
// key or a type that the schema gets tomorrow is among them.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "fuzz/choices.h"

namespace postern::test {

class PolicyText {
public:
    // Without `faults` each value is one of its type, every key stands once, and what is required is there. What the
    // values say to each other may still be wrong.
    PolicyText(Choices& choices, bool faults) : choices_{choices}, faults_{faults} {}

    // The keys of a section, each on a line of its own; empty: those of the whole policy.
    [[nodiscard]] std::string section(const std::string& path, int indent = 0) {
        std::string text;
        for (const std::string_view name : config::keys_in(path)) {
            const config::Key& key = *config::key(path.empty() ? std::string{name} : path + "." + std::string{name});
            for (std::size_t times = count_of(key); times > 0; --times) text += line(name, value(key, indent), indent);
        }
        if (one_in(32)) text += line(choices_.of(strange), choices_.of(strange), indent);
        return text.empty() ? line("grants", "{}", indent) : text;
    }

private:
    static constexpr auto strange = std::to_array<std::string_view>(
        {"",
         "~",
         "''",
         "\"\\0\"",
         "\"\\x1b[2J\"",
         "{}",
         "[]",
         "[[]]",
         "{a: {b: []}}",
         "&a b",
         "*a",
         "!!str x",
         "- x",
         "? x",
         "|\n x",
         "-1",
         "0",
         "00",
         "1e9",
         "99999999999999999999",
         "0x0",
         "0xffffffff",
         "::",
         "0.0.0.0/0",
         "1.2.3.4/33",
         "\xff\xfe",
         "\"\\u202e\"",
         "lo",
         "*",
         "nft; add",
         "a,b",
         "a b",
         "\"a\\nb\"",
         "#",
         ": :",
         "%",
         "\t",
         "---",
         "...",
         "[1, 1]",
         "no",
         "true",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"});

    struct Sample {
        std::string_view type;  // the schema's word for it
        std::vector<std::string_view> values;
    };
    static const std::vector<Sample>& samples() {
        static const std::vector<Sample> all{
            {"host name", {"gw1.example.net", "a"}},
            {"interface name", {"wan0", "ppp*", "eth0.7", "a-_.9", "br-lan"}},
            {"UDP port or range, 1 to 65535", {"udp/62201", "udp/62201-62210", "udp/1", "udp/65535"}},
            {"port or range, 1 to 65535", {"tcp/22", "22", "udp/51820", "tcp/1-65535", "udp/8000-8010", "tcp/443"}},
            {"file name", {"gateway.key", "/x/y", "../z", "stdout", "\"a b\""}},
            {"number", {"1", "2", "64", "7"}},
            {"mask", {"0xff000000", "0xff", "0x00ffff00", "0xffffffff"}},
            {"duration", {"15s", "1s", "5m", "300s", "1h", "8760h"}},
            {"prefix", {"192.0.2.0/28", "2001:db8::/32", "198.51.100.5", "::/0", "0.0.0.0/0", "2001:db8::1"}},
            {"address and port", {"10.0.0.7:443", "\"[2001:db8::7]:443\"", "10.0.0.8:1", "\"[fd00::1]:65535\""}},
            {"kind of packet",
             {"esp", "tcp/443", "icmp/echo-request", "icmpv6/128", "proto/112", "udp/67-68", "icmp", "icmpv6", "gre",
              "icmp/packet-too-big", "icmp/255"}},
            {"service name", {"ssh", "vpn", "web", "pg-1"}},
            {"name", {"alice", "bob", "office", "a.b-c_d"}},
            {"public key",
             {"3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=", "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
              "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
            {"step",
             {"tcp/7000", "udp/8000", "icmp/echo-request", "tcp/7000/ack", "tcp/9002", "udp/9003", "tcp/7/syn+urg"}},
            {"strictness", {"ignore", "reset", "tolerate(3)", "tolerate(16)"}},
            {"date", {"2027-06-30", "1970-01-01", "2199-12-31", "2028-02-29"}},
        };
        return all;
    }

    bool one_in(std::size_t count) { return faults_ && choices_.below(count) == count - 1; }

    static std::string line(std::string_view name, std::string_view value, int indent) {
        std::string text(static_cast<std::size_t>(indent), ' ');
        return text.append(name).append(": ").append(value).append("\n");
    }

    // Mostly once; what is optional mostly not; now and then what is required not, and twice.
    std::size_t count_of(const config::Key& key) {
        if (one_in(16)) return 2;
        if (key.need == config::Need::required) return one_in(16) ? 0 : 1;
        return choices_.below(2);
    }

    std::string value(const config::Key& key, int indent) {
        if (one_in(24)) return std::string{choices_.of(strange)};
        if (one_in(24)) return choices_.text(choices_.below(12));
        switch (key.shape) {
            case config::Shape::section: return "\n" + section(std::string{key.path}, indent + 1);
            case config::Shape::named: return names(key, indent + 1);
            case config::Shape::one: return one(key);
            case config::Shape::list:
            case config::Shape::some: return list(key, 0);
            case config::Shape::few: return choices_.flip() ? list(key, 0) : one(key);
            case config::Shape::entries: return list(key, indent + 1);
        }
        return "";
    }

    std::string names(const config::Key& key, int indent) {
        std::string text = "\n";
        for (std::size_t count = 1 + choices_.below(3); count > 0; --count)
            text += line(one(key), "\n" + section(std::string{key.path} + ".NAME", indent + 1), indent);
        return text;
    }

    // Of entries some are mappings; `indent` is not 0 there.
    std::string list(const config::Key& key, int indent) {
        std::string text = "[";
        for (std::size_t count = 1 + choices_.below(3); count > 0; --count)
            text += (indent > 0 && choices_.flip() ? entry(key) : one(key)) + (count > 1 ? ", " : "");
        return text + "]";
    }

    std::string entry(const config::Key& key) {
        const std::string path = std::string{key.path} + ".ENTRY";
        std::string text = "{";
        for (const std::string_view name : config::keys_in(path)) {
            const config::Key& below = *config::key(path + "." + std::string{name});
            for (std::size_t times = count_of(below); times > 0; --times)
                text +=
                    std::string{name} + ": " + (below.shape == config::Shape::one ? one(below) : list(below, 0)) + ", ";
        }
        return text + "}";
    }

    std::string one(const config::Key& key) {
        if (one_in(32)) return std::string{choices_.of(strange)};
        if (key.type.name == "word") return word_of(key.range);
        for (const Sample& sample : samples())
            if (sample.type == key.type.name) return std::string{choices_.of(sample.values)};
        return std::string{choices_.flip() ? key.fallback : key.range};
    }

    // One of "auto | nftables | iptables".
    std::string word_of(std::string_view range) {
        std::vector<std::string_view> words;
        for (std::size_t end = 0; end != std::string_view::npos; range.remove_prefix(end + 3)) {
            end = range.find(" | ");
            words.push_back(range.substr(0, end));
            if (end == std::string_view::npos) break;
        }
        return std::string{choices_.of(words)};
    }

    Choices& choices_;
    bool faults_;
};

}  // namespace postern::test
