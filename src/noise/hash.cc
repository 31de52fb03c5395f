#include "noise/hash.h"

#include <string>

#include "noise/botan.h"

namespace postern::noise {

namespace {

std::string botan_name(Hash hash) {
    switch (hash) {
        case Hash::blake2b: return "BLAKE2b(512)";
        case Hash::blake2s: return "BLAKE2s(256)";
        case Hash::sha256: break;
    }
    return "SHA-256";
}

template <class Function>
HashValue run(Hash hash, Function& function, std::initializer_list<Bytes> parts) {
    for (const Bytes part : parts) function.update(part.data(), part.size());
    HashValue value{hash_size(hash)};
    function.final(value.writable().data());
    return value;
}

}  // namespace

bool is_available(Hash hash) { return Botan::HashFunction::create(botan_name(hash)) != nullptr; }

HashValue digest(Hash hash, std::initializer_list<Bytes> parts) {
    const auto function = Botan::HashFunction::create_or_throw(botan_name(hash));
    return run(hash, *function, parts);
}

HashValue hmac(Hash hash, Bytes key, std::initializer_list<Bytes> parts) {
    const auto function = Botan::MessageAuthenticationCode::create_or_throw("HMAC(" + botan_name(hash) + ")");
    function->set_key(key.data(), key.size());
    return run(hash, *function, parts);
}

}  // namespace postern::noise
