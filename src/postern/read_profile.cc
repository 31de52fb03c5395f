// Reads a profile field by field: every mistake with its place, secrets never in a message.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "io/files.h"
#include "postern/command.h"
#include "postern/profile.h"
#include "postern/yaml_reader.h"

namespace postern::client {
namespace {

using Key = std::array<std::uint8_t, noise::key_size>;

constexpr std::size_t longest_key_file = 4096;  // bytes

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

// tcp/22, udp/60000-61000; a number alone is TCP, as in the policy.
std::optional<PortRange> parse_ports(std::string_view text) {
    const Transport transport = text.starts_with("udp/") ? Transport::udp : Transport::tcp;
    if (text.starts_with("tcp/") || text.starts_with("udp/")) text.remove_prefix(4);
    const std::size_t dash = text.find('-');
    const auto first = parse_port(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return PortRange{transport, *first, *last};
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

bool is_canonical_name(std::string_view name) {
    const auto fits = [](char c) { return c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z'); };
    return !name.empty() && name.size() <= 253 && name.back() != '.' && std::all_of(name.begin(), name.end(), fits);
}

void warn_if_others_read(const std::filesystem::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || (status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
    complain(
        fmt::format("warning: {} holds a secret and others may read it; chmod 600 {}", file.string(), file.string()));
}

// Reads one profile into `profile`, field by field.
class ProfileReader {
public:
    explicit ProfileReader(const std::filesystem::path& file) : file_{file}, yaml_{file.string()} {
        profile_.file = file;
    }

    tl::expected<Profile, Mistakes> read() {
        if (const auto root = parse()) read_root(*root);
        if (!yaml_.mistakes().empty()) return tl::make_unexpected(std::move(yaml_.mistakes()));
        return std::move(profile_);
    }

private:
    using Name = const std::string&;
    using Node = const YAML::Node&;

    // The one place where the YAML library's exceptions end.
    std::optional<YAML::Node> parse() {
        try {
            return YAML::LoadFile(file_.string());
        } catch (const YAML::BadFile&) {
            yaml_.mistake(YAML::Mark::null_mark(), "cannot be read");
        } catch (const YAML::Exception& error) {
            yaml_.mistake(error.mark, error.msg);
        }
        return std::nullopt;
    }

    void read_root(Node root) {
        yaml_.map(root, "",
                  {{"gateway", [&](Node node, Name name) { read_gateway(node, name); }, true},
                   {"client", [&](Node node, Name name) { read_client(node, name); }, true},
                   {"services", [&](Node node, Name name) { read_services(node, name); }, true},
                   {"source", [&](Node node, Name name) { read_source(node, name); }}});
        if (profile_.host.empty()) profile_.host = profile_.sender.gateway_name;
    }

    void read_gateway(Node node, Name name) {
        yaml_.map(node, name,
                  {{"name", [&](Node value, Name full) { read_name(value, full); }, true},
                   {"public_key", [&](Node value, Name full) { read_public_key(value, full); }, true},
                   {"host", [&](Node value, Name full) { read_host(value, full); }},
                   {"port", [&](Node value, Name full) { read_port(value, full); }}});
    }

    void read_name(Node node, Name name) {
        const auto text = yaml_.text(node, name);
        if (!text) return;
        if (!is_canonical_name(*text))
            yaml_.mistake(node, got(name, *text, "a lower-case name without a trailing dot, 1 to 253 bytes"));
        profile_.sender.gateway_name = *text;
    }

    void read_host(Node node, Name name) {
        const auto text = yaml_.text(node, name);
        if (text && text->empty()) yaml_.mistake(node, got(name, *text, "a host name or an address"));
        if (text) profile_.host = *text;
    }

    void read_port(Node node, Name name) {
        const auto text = yaml_.text(node, name);
        if (!text) return;
        if (const auto port = parse_port(*text))
            profile_.port = *port;
        else
            yaml_.mistake(node, got(name, *text, "a port, 1 to 65535"));
    }

    void read_public_key(Node node, Name name) {
        const auto key = inline_key(node, name);
        if (!key) return;
        if (!noise::is_canonical(*key) || !noise::is_contributory(*key))
            yaml_.mistake(node, name + ": is not a usable X25519 public key; copy it again from the gateway");
        profile_.sender.gateway = *key;
    }

    void read_client(Node node, Name name) {
        std::optional<Key> secret;
        std::optional<Key> psk;
        yaml_.map(
            node, name,
            {{"private_key", [&](Node value, Name full) { once(secret, inline_secret(value, full), value, full); }},
             {"private_key_file", [&](Node value, Name full) { once(secret, key_in_file(value, full), value, full); }},
             {"preshared_key", [&](Node value, Name full) { once(psk, inline_secret(value, full), value, full); }},
             {"preshared_key_file", [&](Node value, Name full) { once(psk, key_in_file(value, full), value, full); }}});
        if (psk) profile_.sender.psk = noise::Secret{*psk};
        if (secret) return take_private_key(node, name, noise::Secret{*secret});
        if (!has_private_key(node)) yaml_.mistake(node, name + ": has neither private_key nor private_key_file");
    }

    // A key that stands there but is broken has been complained about already.
    static bool has_private_key(Node node) {
        return !node.IsMap() || node["private_key"].IsDefined() || node["private_key_file"].IsDefined();
    }

    void take_private_key(Node node, Name name, const noise::Secret& secret) {
        if (secret.is_zero()) return yaml_.mistake(node, name + ": the private key is all zero");
        profile_.sender.client = noise::KeyPair::from(secret);
    }

    void once(std::optional<Key>& slot, const std::optional<Key>& key, Node node, Name name) {
        if (slot && key) yaml_.mistake(node, name + ": this key was given already; keep one of the two");
        if (key) slot = key;
    }

    std::optional<Key> inline_key(Node node, Name name) {
        const auto text = yaml_.text(node, name);
        if (!text) return std::nullopt;
        const auto key = noise::key_from_base64(*text);
        if (!key) yaml_.mistake(node, name + ": expected a key, 44 characters of base64");
        return key;
    }

    std::optional<Key> inline_secret(Node node, Name name) {
        warn_once(file_);
        return inline_key(node, name);
    }

    std::optional<Key> key_in_file(Node node, Name name) {
        const auto text = yaml_.text(node, name);
        if (!text) return std::nullopt;
        if (noise::key_from_base64(*text)) {  // not to be shown as the name of a file that is not there
            yaml_.mistake(node, name + ": got a key, expected the name of a file that holds it");
            return std::nullopt;
        }
        const auto path = file_.parent_path() / *text;  // an absolute path stays as it is
        const auto content = io::read_small(path, longest_key_file);
        if (!content) {
            yaml_.mistake(node, fmt::format("{}: {}", name, content.error().text));
            return std::nullopt;
        }
        warn_if_others_read(path);
        const auto key = noise::key_from_base64(first_line(*content));
        if (!key)
            yaml_.mistake(node, fmt::format("{}: {}: expected a key, 44 characters of base64", name, path.string()));
        return key;
    }

    void warn_once(const std::filesystem::path& file) {
        if (!std::exchange(warned_, true)) warn_if_others_read(file);
    }

    void read_services(Node node, Name name) {
        yaml_.pairs(node, name, [&](Node key, Node value, Name full) {
            profile_.services.push_back({key.Scalar(), read_ports(value, full)});
        });
        if (node.IsMap() && node.size() == 0) yaml_.mistake(node, name + ": names no service");
    }

    std::vector<PortRange> read_ports(Node node, Name name) {
        std::vector<PortRange> ports;
        if (!node.IsSequence() || node.size() == 0) yaml_.mistake(node, name + ": expected a list such as [tcp/22]");
        if (!node.IsSequence()) return ports;
        for (const auto& item : node) {
            const auto text = yaml_.text(item, name);
            if (!text) continue;
            if (const auto range = parse_ports(*text))
                ports.push_back(*range);
            else
                yaml_.mistake(item, got(name, *text, "ports such as tcp/22 or udp/8000-8010"));
        }
        return ports;
    }

    void read_source(Node node, Name name) {
        const auto text = yaml_.text(node, name);
        if (!text) return;
        if (const auto mode = parse_source_mode(*text))
            profile_.source = *mode;
        else
            yaml_.mistake(node, got(name, *text, "auto, exact or as_seen"));
    }

    static std::string got(Name name, const std::string& text, std::string_view expected) {
        return fmt::format("{}: got \"{}\", expected {}", name, text, expected);
    }

    std::filesystem::path file_;
    YamlReader yaml_;
    Profile profile_;
    bool warned_ = false;
};

}  // namespace

tl::expected<Profile, Mistakes> load_profile(const std::filesystem::path& file) { return ProfileReader{file}.read(); }

}  // namespace postern::client
