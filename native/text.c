// UTF-8 conversion. The engine's own decoder lets encoded surrogates pass, and its encoder writes lone surrogates as
// three bytes (WTF-8): both are corrected here.
#include "text.h"

// Length of the longest valid prefix of a sequence that starts at `data`. *valid tells whether it is a whole character.
// Source: Unicode standard, table 3-7 and "maximal subpart" in section 3.9.
static size_t sequence(const uint8_t *data, size_t length, bool *valid)
{
    uint8_t first = data[0], low = 0x80, high = 0xbf;
    size_t want;
    *valid = false;
    if (first < 0x80) want = 1;
    else if (first >= 0xc2 && first <= 0xdf) want = 2;
    else if (first >= 0xe0 && first <= 0xef) want = 3;
    else if (first >= 0xf0 && first <= 0xf4) want = 4;
    else return 1;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
    for (size_t i = 1; i < want; i++) {
        if (i >= length || data[i] < low || data[i] > high) return i;
        low = 0x80;
        high = 0xbf;
    }
    *valid = true;
    return want;
}

// Bytes before the first malformed sequence.
static size_t valid_prefix(const uint8_t *data, size_t length)
{
    size_t at = 0;
    while (at < length) {
        uint64_t eight;
        while (length - at >= 8 && (memcpy(&eight, data + at, 8), (eight & 0x8080808080808080u) == 0)) at += 8;
        if (at == length) break;
        bool valid;
        size_t step = sequence(data + at, length - at, &valid);
        if (!valid) break;
        at += step;
    }
    return at;
}

// Copies with malformed sequences replaced. `out` must hold three bytes for each byte of input.
static size_t repair(const uint8_t *data, size_t length, uint8_t *out)
{
    size_t at = 0, written = 0;
    while (at < length) {
        bool valid;
        size_t step = sequence(data + at, length - at, &valid);
        if (valid) {
            memcpy(out + written, data + at, step);
            written += step;
        } else {
            memcpy(out + written, "\xef\xbf\xbd", 3);
            written += 3;
        }
        at += step;
    }
    return written;
}

JSValue text_to_string(JSContext *ctx, const uint8_t *data, size_t length)
{
    size_t good = valid_prefix(data, length);
    if (good == length) return JS_NewStringLen(ctx, (const char *)data, length);
    if ((length - good) > (SIZE_MAX - good) / 3) return JS_ThrowRangeError(ctx, "the text is too long");
    uint8_t *copy = malloc(good + 3 * (length - good));
    if (!copy) return JS_ThrowOutOfMemory(ctx);
    memcpy(copy, data, good);
    size_t total = good + repair(data + good, length - good, copy + good);
    JSValue string = JS_NewStringLen(ctx, (const char *)copy, total);
    free(copy);
    return string;
}

// Only an encoded surrogate is malformed in the engine's output: ED A0..BF 80..BF. U+FFFD takes three bytes, too.
static void replace_surrogates(uint8_t *data, size_t length)
{
    size_t at = valid_prefix(data, length);
    while (at < length) {
        if (length - at >= 3) memcpy(data + at, "\xef\xbf\xbd", 3);
        at += 3;
        if (at < length) at += valid_prefix(data + at, length - at);
    }
}

// utf8Encode(text): the bytes of a string.
// SAFETY: the engine's encoding of a lone surrogate is three bytes, and so is U+FFFD: it is replaced in place in the copy.
NATIVE(utf8Encode)
{
    if (!JS_IsString(argv[0])) return JS_ThrowTypeError(ctx, "native call: a string was expected");
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
    if (!text) return JS_EXCEPTION;
    JSValue array = give_bytes(ctx, text, length);
    JS_FreeCString(ctx, text);
    struct bytes copy;
    if (JS_IsException(array) || arg_bytes(ctx, array, 1, &copy)) return JS_EXCEPTION;
    replace_surrogates(copy.data, copy.length);
    return array;
}

// utf8EncodeAt(text, bytes, at): writes the text there and returns how many bytes it took, or -1 when it does not fit, which
// includes a place outside; then nothing is written.
// SAFETY: the length is compared with what is left of the borrowed buffer, and no JavaScript runs after that.
NATIVE(utf8EncodeAt)
{
    if (!JS_IsString(argv[0])) return JS_ThrowTypeError(ctx, "native call: a string was expected");
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
    if (!text) return JS_EXCEPTION;
    struct bytes target;
    int64_t at;
    int bad = arg_i64(ctx, argv[2], &at);
    if (!bad) bad = arg_bytes(ctx, argv[1], 1, &target);
    bool fits = !bad && at >= 0 && (uint64_t)at <= target.length && length <= target.length - (size_t)at;
    if (fits) {
        memcpy(target.data + at, text, length);
        replace_surrogates(target.data + at, length);
    }
    JS_FreeCString(ctx, text);
    return bad ? give(ctx, bad) : JS_NewInt32(ctx, fits ? (int32_t)length : -1);
}

// utf8Decode(bytes, fatal): a string; with `fatal`, malformed input throws a TypeError, else it becomes U+FFFD.
// SAFETY: reads the borrowed buffer only; the string is a copy.
NATIVE(utf8Decode)
{
    struct bytes input;
    int bad = arg_bytes(ctx, argv[0], 1, &input);
    if (bad) return give(ctx, bad);
    if (JS_VALUE_GET_TAG(argv[1]) == JS_TAG_BOOL && JS_VALUE_GET_BOOL(argv[1]) &&
        valid_prefix(input.data, input.length) != input.length)
        return JS_ThrowTypeError(ctx, "the bytes are no valid UTF-8");
    return text_to_string(ctx, input.data, input.length);
}

// utf8DecodeAt(bytes, start, end): the text there; undefined when it is malformed.
// SAFETY: as utf8Decode; the bounds are checked by arg_slice.
NATIVE(utf8DecodeAt)
{
    int64_t start, end;
    int bad = arg_i64(ctx, argv[1], &start);
    if (!bad) bad = arg_i64(ctx, argv[2], &end);
    if (bad) return give(ctx, bad);
    struct bytes input;
    JSValueConst slice[3] = {argv[0], argv[1], JS_NewInt64(ctx, end - start)};
    bad = arg_slice(ctx, slice, &input);
    if (bad) return give(ctx, bad);
    if (valid_prefix(input.data, input.length) != input.length) return JS_UNDEFINED;
    return JS_NewStringLen(ctx, (const char *)input.data, input.length);
}
