// SHA-256 (FIPS 180-4), because a loop over bytes in the engine is twenty times slower.
#include "bridge.h"

struct sha256 {
    uint32_t state[8];
    uint64_t length;
    uint32_t used; // bytes in block, always below 64
    uint8_t block[64];
};

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

static void mix(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t low = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t high = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + low + w[i - 7] + high;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t one = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i];
        uint32_t two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + one;
        d = c, c = b, b = a, a = one + two;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void add(struct sha256 *hash, const uint8_t *data, size_t length)
{
    hash->length += length;
    if (hash->used) {
        size_t part = 64 - hash->used < length ? 64 - hash->used : length;
        memcpy(hash->block + hash->used, data, part);
        hash->used += (uint32_t)part;
        data += part;
        length -= part;
        if (hash->used < 64) return;
        mix(hash->state, hash->block);
        hash->used = 0;
    }
    for (; length >= 64; data += 64, length -= 64) mix(hash->state, data);
    memcpy(hash->block, data, length);
    hash->used = (uint32_t)length;
}

// sha256Start(): the state as opaque bytes.
NATIVE(sha256Start)
{
    static const struct sha256 fresh = {
        .state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
    return give_bytes(ctx, &fresh, sizeof fresh);
}

// Copies a state out of its buffer: views need not be aligned, and the content is not trusted.
static int arg_state(JSContext *ctx, JSValueConst value, struct bytes *where, struct sha256 *hash)
{
    int bad = arg_bytes(ctx, value, 1, where);
    if (bad) return bad;
    if (where->length != sizeof *hash) return -EINVAL;
    memcpy(hash, where->data, sizeof *hash);
    return hash->used < 64 ? 0 : -EINVAL;
}

// sha256Add(state, bytes). SAFETY: works on a copy of the state, which is written back to exactly its own bytes.
NATIVE(sha256Add)
{
    struct bytes where, data;
    struct sha256 hash;
    int bad;
    if ((bad = arg_state(ctx, argv[0], &where, &hash)) || (bad = arg_bytes(ctx, argv[1], 1, &data))) return give(ctx, bad);
    add(&hash, data.data, data.length);
    memcpy(where.data, &hash, sizeof hash);
    return give(ctx, 0);
}

// sha256Finish(state): the 32 bytes of the digest; the state stays as it is. SAFETY: as sha256Add.
NATIVE(sha256Finish)
{
    struct bytes where;
    struct sha256 hash;
    uint8_t end[72] = {0x80}, digest[32];
    int bad = arg_state(ctx, argv[0], &where, &hash);
    if (bad) return give(ctx, bad);
    uint64_t bits = hash.length * 8;
    size_t padding = (hash.used < 56 ? 56 : 120) - hash.used;
    for (int i = 0; i < 8; i++) end[padding + (size_t)i] = (uint8_t)(bits >> (56 - 8 * i));
    add(&hash, end, padding + 8);
    for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(hash.state[i / 4] >> (24 - 8 * (i % 4)));
    return give_bytes(ctx, digest, sizeof digest);
}
