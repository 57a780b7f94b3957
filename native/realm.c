// A realm: a second set of the engine's globals and modules, for work whose code is of no use afterwards. The engine never
// unloads a module, so what a long-lived program needs once would stay in its memory for ever.
#include "bridge.h"

// The export `run` of a module, called with the argument: the answer as the engine's own serialisation. NULL when something
// threw; the exception is then pending.
static uint8_t *run_module(JSContext *realm, const char *name, const uint8_t *request, size_t length, size_t *size)
{
    JSModuleDef *module = engine_furnish(realm) ? engine_start_module(realm, name) : NULL;
    if (!module) return NULL;
    JSValue names = JS_GetModuleNamespace(realm, module);
    JSValue run = JS_GetPropertyStr(realm, names, "run");
    JSValue argument = JS_ReadObject(realm, request, length, 0);
    JSValue answer = JS_IsException(argument) ? JS_EXCEPTION : JS_Call(realm, run, JS_UNDEFINED, 1, &argument);
    uint8_t *written = JS_IsException(answer) ? NULL : JS_WriteObject(realm, size, answer, 0);
    JS_FreeValue(realm, answer);
    JS_FreeValue(realm, argument);
    JS_FreeValue(realm, run);
    JS_FreeValue(realm, names);
    return written;
}

// What went wrong in the realm, as an error of the caller's: an object of the realm would keep all of it alive.
static JSValue pass_on(JSContext *ctx, JSContext *realm)
{
    JSValue error = JS_GetException(realm);
    const char *text = JS_ToCString(realm, error);
    JSValue thrown = JS_ThrowInternalError(ctx, "%s", text ? text : "unknown error in a realm");
    if (text) JS_FreeCString(realm, text);
    else JS_FreeValue(realm, JS_GetException(realm));
    JS_FreeValue(realm, error);
    return thrown;
}

// inRealm(module, argument): what `run(argument)` of the module returns. Both are copied: plain objects, arrays, text,
// numbers, byte arrays; prototypes are lost. `run` must answer at once, not by a promise.
// SAFETY: nothing of the realm is left but memory that the next collection frees.
NATIVE(inRealm)
{
    char name[256];
    size_t length, size = 0;
    int bad = arg_text(ctx, argv[0], name, sizeof name);
    if (bad) return give(ctx, bad);
    uint8_t *request = JS_WriteObject(ctx, &length, argv[1], 0);
    if (!request) return JS_EXCEPTION;
    bool passing = memory_passing(true);
    JSRuntime *runtime = JS_GetRuntime(ctx);
    JSContext *realm = JS_NewContext(runtime);
    uint8_t *answer = realm ? run_module(realm, name, request, length, &size) : NULL;
    memory_passing(passing);
    JSValue result = answer ? JS_UNDEFINED : realm ? pass_on(ctx, realm) : JS_ThrowOutOfMemory(ctx);
    if (realm) JS_FreeContext(realm);
    // Names that only the realm has used go before the answer is made: it would keep their passing pages.
    if (answer && !passing) JS_RunGC(runtime);
    if (answer) result = JS_ReadObject(ctx, answer, size, 0);
    js_free(ctx, answer);
    js_free(ctx, request);
    return result;
}
