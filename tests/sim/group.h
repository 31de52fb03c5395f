// Which group a program was linked with.
#pragma once

namespace postern::sim {

extern const bool real_cryptography;

}  // namespace postern::sim
