// UTF-8 as the web's encoders define it: malformed input and lone surrogates become U+FFFD.
#ifndef KATA_TEXT_H
#define KATA_TEXT_H
#include "bridge.h"
JSValue text_to_string(JSContext *ctx, const uint8_t *data, size_t length);
#endif
