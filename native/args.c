// Checked conversion between JavaScript values and C.
#include "bridge.h"
#include "text.h"

static int wrong(JSContext *ctx, const char *what)
{
    JS_ThrowTypeError(ctx, "native call: %s", what);
    return THREW;
}

int arg_int(JSContext *ctx, JSValueConst value, int *out)
{
    int64_t wide;
    int bad = arg_i64(ctx, value, &wide);
    if (bad) return bad;
    // Unsigned 32-bit values such as VMADDR_CID_ANY come as positive numbers.
    if (wide < INT32_MIN || wide > UINT32_MAX) return -ERANGE;
    *out = (int)(uint32_t)wide;
    return 0;
}

int arg_i64(JSContext *ctx, JSValueConst value, int64_t *out)
{
    if (JS_VALUE_GET_TAG(value) == JS_TAG_INT) {
        *out = JS_VALUE_GET_INT(value);
        return 0;
    }
    if (JS_IsBigInt(ctx, value)) return JS_ToBigInt64(ctx, out, value) ? THREW : 0;
    if (!JS_IsNumber(value)) return wrong(ctx, "a number was expected");
    double number;
    if (JS_ToFloat64(ctx, &number, value)) return THREW;
    // The comparison is false for NaN too. Beyond 2^53 a double names no exact integer.
    if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0)) return wrong(ctx, "the number is no exact integer");
    *out = (int64_t)number;
    return (double)*out == number ? 0 : wrong(ctx, "the number is no exact integer");
}

int arg_text(JSContext *ctx, JSValueConst value, char *out, size_t size)
{
    if (!JS_IsString(value)) return wrong(ctx, "a string was expected");
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, value);
    if (!text) return THREW;
    int bad = memchr(text, 0, length) ? -EINVAL : length >= size ? -ENAMETOOLONG : 0;
    if (!bad) memcpy(out, text, length + 1);
    JS_FreeCString(ctx, text);
    return bad;
}

int arg_text_or_null(JSContext *ctx, JSValueConst value, char *out, size_t size, bool *given)
{
    *given = !JS_IsUndefined(value) && !JS_IsNull(value);
    return *given ? arg_text(ctx, value, out, size) : 0;
}

int arg_bytes(JSContext *ctx, JSValueConst value, size_t element, struct bytes *out)
{
    size_t offset, length, size, total;
    JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &length, &size);
    if (JS_IsException(buffer)) return THREW;
    uint8_t *data = JS_GetArrayBuffer(ctx, &total, buffer); // throws for a detached buffer
    JS_FreeValue(ctx, buffer);
    if (!data && JS_HasException(ctx)) return THREW;
    if (size != element) return wrong(ctx, "a typed array of another type was expected");
    if (offset > total || length > total - offset) return wrong(ctx, "the buffer is too short for its view");
    static uint8_t none;
    out->data = data ? data + offset : &none;
    out->length = length;
    return 0;
}

int arg_slice(JSContext *ctx, JSValueConst *three, struct bytes *out)
{
    int64_t offset = 0, length = -1;
    int bad = 0;
    if (!JS_IsUndefined(three[1])) bad = arg_i64(ctx, three[1], &offset);
    if (!bad && !JS_IsUndefined(three[2])) {
        bad = arg_i64(ctx, three[2], &length);
        if (!bad && length < 0) return wrong(ctx, "the length is negative");
    }
    if (!bad) bad = arg_bytes(ctx, three[0], 1, out);
    if (bad) return bad;
    if (offset < 0 || (uint64_t)offset > out->length) return wrong(ctx, "the offset is outside of the buffer");
    size_t rest = out->length - (size_t)offset;
    if (length < 0) length = (int64_t)rest;
    if ((uint64_t)length > rest) return wrong(ctx, "the length reaches beyond the buffer");
    out->data += offset;
    out->length = (size_t)length;
    return 0;
}

static int array_length(JSContext *ctx, JSValueConst array, int64_t *length)
{
    if (JS_IsArray(ctx, array) != 1) return wrong(ctx, "an array was expected");
    JSValue value = JS_GetPropertyStr(ctx, array, "length");
    if (JS_IsException(value)) return THREW;
    int bad = arg_i64(ctx, value, length);
    JS_FreeValue(ctx, value);
    return bad;
}

int arg_ints(JSContext *ctx, JSValueConst value, int *out, int most, int *count)
{
    int64_t length = 0;
    int bad = array_length(ctx, value, &length);
    if (!bad && length > most) bad = -E2BIG;
    for (int64_t i = 0; !bad && i < length; i++) {
        JSValue item = JS_GetPropertyUint32(ctx, value, (uint32_t)i);
        bad = JS_IsException(item) ? THREW : arg_int(ctx, item, &out[i]);
        JS_FreeValue(ctx, item);
    }
    *count = bad ? 0 : (int)length;
    return bad;
}

// The kernel takes no argument longer than 32 pages (execve(2)).
static int copy_item(JSContext *ctx, JSValueConst item, char **out)
{
    if (!JS_IsString(item)) return wrong(ctx, "a string was expected");
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, item);
    if (!text) return THREW;
    int bad = memchr(text, 0, length) ? -EINVAL : 0;
    if (!bad && !(*out = strdup(text))) bad = -ENOMEM;
    JS_FreeCString(ctx, text);
    return bad;
}

int arg_vector(JSContext *ctx, JSValueConst value, char ***out)
{
    int64_t length = 0;
    int bad = array_length(ctx, value, &length);
    if (bad) return bad;
    if (length > 1 << 20) return -E2BIG;
    char **vector = calloc((size_t)length + 1, sizeof *vector);
    if (!vector) return -ENOMEM;
    for (int64_t i = 0; !bad && i < length; i++) {
        JSValue item = JS_GetPropertyUint32(ctx, value, (uint32_t)i);
        bad = JS_IsException(item) ? THREW : copy_item(ctx, item, &vector[i]);
        JS_FreeValue(ctx, item);
    }
    if (bad) free_vector(vector);
    else *out = vector;
    return bad;
}

void free_vector(char **vector)
{
    if (!vector) return;
    for (char **item = vector; *item; item++) free(*item);
    free(vector);
}

JSValue give(JSContext *ctx, long status)
{
    return status == THREW ? JS_EXCEPTION : JS_NewInt64(ctx, status);
}

JSValue give_call(JSContext *ctx, long result)
{
    return JS_NewInt64(ctx, result < 0 ? -errno : result);
}

static JSValue view(JSContext *ctx, JSValue buffer)
{
    if (JS_IsException(buffer)) return buffer;
    // The constructor reads three arguments whatever the count says.
    JSValueConst arguments[3] = {buffer, JS_UNDEFINED, JS_UNDEFINED};
    JSValue array = JS_NewTypedArray(ctx, 3, arguments, JS_TYPED_ARRAY_UINT8);
    JS_FreeValue(ctx, buffer);
    return array;
}

JSValue give_bytes(JSContext *ctx, const void *data, size_t length)
{
    return view(ctx, JS_NewArrayBufferCopy(ctx, data, length));
}

static void free_buffer(JSRuntime *runtime __attribute__((unused)), void *opaque __attribute__((unused)), void *data)
{
    free(data);
}

JSValue give_owned_bytes(JSContext *ctx, void *data, size_t length)
{
    return view(ctx, JS_NewArrayBuffer(ctx, data, length, free_buffer, NULL, 0));
}

JSValue give_text(JSContext *ctx, const char *text, size_t length)
{
    return text_to_string(ctx, (const uint8_t *)text, length);
}

void put(JSContext *ctx, JSValueConst object, const char *name, JSValue value)
{
    JS_DefinePropertyValueStr(ctx, object, name, value, JS_PROP_C_W_E);
}
