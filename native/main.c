// Entry of every native program: starts the engine, picks the module for the program's name, evaluates it.
#include "bridge.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

int process_argc;
char **process_argv;

enum { exit_fatal = 70 }; // EX_SOFTWARE of sysexits.h

const struct embedded_module *find_embedded(const char *name)
{
    for (const struct embedded_module *module = embedded_modules; module->name; module++)
        if (strcmp(module->name, name) == 0) return module;
    return NULL;
}

static const struct embedded_program *find_program(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (const struct embedded_program *program = embedded_programs; program->name; program++)
        if (strcmp(program->name, name) == 0) return program;
    return NULL;
}

// One binary, several programs: by its own name, else by its first argument (which is then taken off), else the default.
static const struct embedded_program *choose_program(void)
{
    const struct embedded_program *program = process_argc > 0 ? find_program(process_argv[0]) : NULL;
    if (program) return program;
    program = process_argc > 1 ? find_program(process_argv[1]) : NULL;
    if (program) {
        process_argv++;
        process_argc--;
        return program;
    }
    return embedded_programs;
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

static _Noreturn void fail(JSContext *ctx)
{
    JSValue error = JS_GetException(ctx);
    engine_print_fault(ctx, error);
    _exit(exit_fatal);
}

// Evaluates a module, its jobs included. A program's module ends the process itself; see src/sys/start.ts.
static void evaluate(JSContext *ctx, const char *name)
{
    JSModuleDef *definition = load(ctx, name, NULL);
    if (!definition) fail(ctx);
    JSValue module = JS_DupValue(ctx, JS_MKPTR(JS_TAG_MODULE, definition));
    if (JS_ResolveModule(ctx, module) < 0) fail(ctx);
    JSValue promise = JS_EvalFunction(ctx, module);
    if (JS_IsException(promise)) fail(ctx);
    engine_run_jobs(ctx);
    if (JS_PromiseState(ctx, promise) == JS_PROMISE_REJECTED) {
        JS_Throw(ctx, JS_PromiseResult(ctx, promise));
        fail(ctx);
    }
    JS_FreeValue(ctx, promise);
}

// PID 1 starts without standard descriptors when the console's driver is still to be loaded. Something has to hold their
// numbers, or the first sockets and pipes would get them, and with them what is printed.
static void hold_standard_fds(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH | O_CLOEXEC) < 0) return;
}

int main(int argc, char **argv)
{
    process_argc = argc;
    process_argv = argv;
    hold_standard_fds();
    // A broken pipe is an error of the write, never the end of the process.
    signal(SIGPIPE, SIG_IGN);
    size_t stack = reserve_stack();
    JSRuntime *runtime = JS_NewRuntime();
    if (!runtime) return exit_fatal;
    JS_SetMaxStackSize(runtime, stack);
    JS_SetModuleLoaderFunc(runtime, NULL, load, NULL);
    engine_track_rejections(runtime);
    JSContext *ctx = JS_NewContext(runtime);
    if (!ctx || !bridge_module(ctx, "kata:native")) return exit_fatal;
    evaluate(ctx, "prelude.js");
    evaluate(ctx, choose_program()->module);
    return 0;
}
