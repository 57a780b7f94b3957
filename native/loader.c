// Loading of the embedded modules, into the program's realm or another one (realm.c).
#include "bridge.h"

#include <sys/mman.h>

const struct embedded_module *find_embedded(const char *name)
{
    for (const struct embedded_module *module = embedded_modules; module->name; module++)
        if (strcmp(module->name, name) == 0) return module;
    return NULL;
}

static JSModuleDef *load(JSContext *ctx, const char *name, void *opaque)
{
    (void)opaque;
    const struct embedded_module *module = find_embedded(name);
    if (!module) {
        JS_ThrowReferenceError(ctx, "no module %s in this program", name);
        return NULL;
    }
    JSValue object = JS_ReadObject(ctx, module->code, (size_t)(module->code_end - module->code), JS_READ_OBJ_BYTECODE);
    if (JS_IsException(object)) return NULL;
    // The engine's list of modules holds the other reference.
    JSModuleDef *definition = JS_VALUE_GET_PTR(object);
    JS_FreeValue(ctx, object);
    return definition;
}

// Evaluates a module; its promise, or an exception.
static JSValue evaluate(JSContext *ctx, JSModuleDef *definition)
{
    JSValue module = JS_DupValue(ctx, JS_MKPTR(JS_TAG_MODULE, definition));
    if (JS_ResolveModule(ctx, module) < 0) {
        JS_FreeValue(ctx, module);
        return JS_EXCEPTION;
    }
    return JS_EvalFunction(ctx, module);
}

JSModuleDef *engine_start_module(JSContext *ctx, const char *name)
{
    JSModuleDef *definition = load(ctx, name, NULL);
    if (!definition) return NULL;
    JSValue promise = evaluate(ctx, definition);
    if (JS_IsException(promise)) return NULL;
    JSPromiseStateEnum state = JS_PromiseState(ctx, promise);
    if (state == JS_PROMISE_REJECTED) JS_Throw(ctx, JS_PromiseResult(ctx, promise));
    else if (state == JS_PROMISE_PENDING) JS_ThrowInternalError(ctx, "the module %s waits at its top level", name);
    JS_FreeValue(ctx, promise);
    return state == JS_PROMISE_FULFILLED ? definition : NULL;
}

bool engine_furnish(JSContext *ctx)
{
    return bridge_module(ctx, "kata:native") && engine_start_module(ctx, "prelude.js");
}

void engine_load_modules(JSRuntime *runtime)
{
    JS_SetModuleLoaderFunc(runtime, NULL, load, NULL);
}

void engine_drop_embedded(void)
{
    uintptr_t low = UINTPTR_MAX, high = 0;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (const struct embedded_module *module = embedded_modules; module->name; module++) {
        if ((uintptr_t)module->code < low) low = (uintptr_t)module->code;
        if ((uintptr_t)module->lines_end > high) high = (uintptr_t)module->lines_end;
    }
    low = (low + page - 1) / page * page;
    high = high / page * page;
    if (low < high) madvise((void *)low, high - low, MADV_DONTNEED);
}
