// X25519 itself: the archive of noise/ has it.
#include "group.h"

const bool postern::sim::real_cryptography = true;
