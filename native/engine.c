// What the event loop needs from the engine: promise jobs, and the faults that nobody handled.
#include "bridge.h"

#include <stdio.h>

struct fault {
    JSValue promise; // undefined when a job itself failed
    JSValue reason;
};

static struct fault *faults;
static int fault_count, fault_room;
static JSValue fault_printer; // the number 0 until onFatal is called

static void add_fault(JSContext *ctx, JSValue promise, JSValue reason)
{
    if (fault_count == fault_room) {
        int room = fault_room ? fault_room * 2 : 16;
        struct fault *larger = realloc(faults, (size_t)room * sizeof *faults);
        if (!larger) {
            JS_FreeValue(ctx, promise);
            JS_FreeValue(ctx, reason);
            return;
        }
        faults = larger;
        fault_room = room;
    }
    faults[fault_count++] = (struct fault){promise, reason};
}

// The engine calls this when a promise is rejected without a handler, and again when one is added later.
static void track(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL handled, void *opaque)
{
    (void)opaque;
    if (!handled) {
        add_fault(ctx, JS_DupValue(ctx, promise), JS_DupValue(ctx, reason));
        return;
    }
    for (int i = 0; i < fault_count; i++) {
        if (!JS_IsObject(faults[i].promise) || JS_VALUE_GET_PTR(faults[i].promise) != JS_VALUE_GET_PTR(promise)) continue;
        JS_FreeValue(ctx, faults[i].promise);
        JS_FreeValue(ctx, faults[i].reason);
        memmove(&faults[i], &faults[i + 1], (size_t)(--fault_count - i) * sizeof *faults);
        return;
    }
}

void engine_track_rejections(JSRuntime *runtime)
{
    JS_SetHostPromiseRejectionTracker(runtime, track, NULL);
}

int engine_run_jobs(JSContext *ctx)
{
    JSContext *where;
    int result;
    while ((result = JS_ExecutePendingJob(JS_GetRuntime(ctx), &where)) != 0)
        if (result < 0) add_fault(ctx, JS_UNDEFINED, JS_GetException(where));
    return fault_count;
}

void engine_print_fault(JSContext *ctx, JSValueConst error)
{
    JSValue text = JS_IsFunction(ctx, fault_printer) ? JS_Call(ctx, fault_printer, JS_UNDEFINED, 1, &error) : JS_UNDEFINED;
    if (JS_IsException(text)) JS_FreeValue(ctx, JS_GetException(ctx));
    const char *line = JS_IsString(text) ? JS_ToCString(ctx, text) : NULL;
    if (line) {
        fprintf(stderr, "fatal: %s\n", line);
        JS_FreeCString(ctx, line);
    } else {
        const char *message = JS_ToCString(ctx, error);
        JSValue stack = JS_IsObject(error) ? JS_GetPropertyStr(ctx, error, "stack") : JS_UNDEFINED;
        const char *frames = JS_IsString(stack) ? JS_ToCString(ctx, stack) : NULL;
        fprintf(stderr, "fatal: %s\n%s", message ? message : "unknown error", frames ? frames : "");
        if (message) JS_FreeCString(ctx, message);
        if (frames) JS_FreeCString(ctx, frames);
        JS_FreeValue(ctx, stack);
    }
    JS_FreeValue(ctx, text);
}

// runJobs(): runs promise jobs until none is left; returns how many faults wait.
// SAFETY: re-enters the engine, which is allowed from a call.
NATIVE(runJobs)
{
    return give(ctx, engine_run_jobs(ctx));
}

// takeFaults(): the reasons of promises that nobody handles, and what failing jobs threw.
NATIVE(takeFaults)
{
    JSValue reasons = JS_NewArray(ctx);
    if (JS_IsException(reasons)) return reasons;
    for (int i = 0; i < fault_count; i++) {
        JS_FreeValue(ctx, faults[i].promise);
        JS_DefinePropertyValueUint32(ctx, reasons, (uint32_t)i, faults[i].reason, JS_PROP_C_W_E);
    }
    fault_count = 0;
    return reasons;
}

// onFatal(print): `print(error)` makes the text for an error that ends the process while a module loads. The first one stays:
// a function of a passing realm would keep all of it alive.
NATIVE(onFatal)
{
    if (!JS_IsFunction(ctx, argv[0])) return JS_ThrowTypeError(ctx, "native call: a function was expected");
    if (!JS_IsFunction(ctx, fault_printer)) fault_printer = JS_DupValue(ctx, argv[0]);
    return give(ctx, 0);
}

// lineMap(module): the embedded line map of a module, undefined when there is no such module.
NATIVE(lineMap)
{
    char name[256];
    int bad = arg_text(ctx, argv[0], name, sizeof name);
    if (bad) return give(ctx, bad);
    const struct embedded_module *module = find_embedded(name);
    return module ? give_bytes(ctx, module->lines, (size_t)(module->lines_end - module->lines)) : JS_UNDEFINED;
}

// collect(): frees unreachable cycles and gives free pages back to the kernel. For programs that turn idle: what a burst
// of work has used would stay theirs for ever.
NATIVE(collect)
{
    JS_RunGC(JS_GetRuntime(ctx));
    memory_trim();
    trim_stack();
    engine_drop_embedded();
    return give(ctx, 0);
}

#ifdef KATA_NATIVE_TESTING
// detach(buffer): what transferring an ArrayBuffer would do to it; for the fuzzer only.
NATIVE(detach)
{
    JS_DetachArrayBuffer(ctx, argv[0]);
    return JS_UNDEFINED;
}
#endif
