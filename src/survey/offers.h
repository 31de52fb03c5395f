// What a first policy of this host could name: the interfaces that lead outside, and the ports that wait for strangers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "survey/sockets.h"

namespace postern::survey {

// A port that something waits on, with a name for a service of it: the program's, or the port's where several have it.
struct Offer {
    std::string port;     // "tcp/22"
    std::string program;  // empty: not known
    std::string service;  // "ssh"
};

// By port, each once, TCP first. Loopback is left out, and UDP that only looks as if it waited: clients, DHCP,
// discovery.
[[nodiscard]] std::vector<Offer> offers(const std::vector<Listener>& listeners, Ports chosen);

// The interfaces in the outputs of `ip -json route show default` and its -6, in their order, each once.
[[nodiscard]] Result<std::vector<std::string>> ways_out(std::string_view routes4, std::string_view routes6);

}  // namespace postern::survey
