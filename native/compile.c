// Build tool: compiles ES modules to the engine's bytecode, without their source but with line numbers.
// Usage: compile FILE.js... writes FILE.bc beside each. Imports are resolved when the program runs.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quickjs.h"

static int nothing(JSContext *ctx, JSModuleDef *module)
{
    (void)ctx;
    (void)module;
    return 0;
}

static JSModuleDef *stand_in(JSContext *ctx, const char *name, void *opaque)
{
    (void)opaque;
    return JS_NewCModule(ctx, name, nothing);
}

static void die(const char *what)
{
    fprintf(stderr, "compile: %s: %s\n", what, strerror(errno));
    exit(1);
}

static char *read_whole(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) < 0) die(path);
    long size = ftell(file);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    if (!text || fread(text, 1, (size_t)size, file) != (size_t)size) die(path);
    fclose(file);
    text[size] = 0;
    *length = (size_t)size;
    return text;
}

static void compile(const char *path)
{
    size_t length, size;
    char *text = read_whole(path, &length), target[4096];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(path, '.');
    if (!dot || snprintf(target, sizeof target, "%.*s.bc", (int)(dot - path), path) >= (int)sizeof target) die(path);
    // One runtime a file: a stand-in must not be taken for a module that was compiled before.
    JSRuntime *runtime = JS_NewRuntime();
    JS_SetModuleLoaderFunc(runtime, NULL, stand_in, NULL);
    JS_SetMaxStackSize(runtime, 0);
    JS_SetStripInfo(runtime, JS_STRIP_SOURCE);
    JSContext *ctx = JS_NewContext(runtime);
    JSValue module = JS_Eval(ctx, text, length, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(module)) {
        JSValue error = JS_GetException(ctx), stack = JS_GetPropertyStr(ctx, error, "stack");
        fprintf(stderr, "compile: %s: %s\n%s\n", path, JS_ToCString(ctx, error), JS_ToCString(ctx, stack));
        exit(1);
    }
    uint8_t *code = JS_WriteObject(ctx, &size, module, JS_WRITE_OBJ_BYTECODE);
    FILE *file = fopen(target, "wb");
    if (!code || !file || fwrite(code, 1, size, file) != size || fclose(file) != 0) die(target);
    js_free(ctx, code);
    JS_FreeValue(ctx, module);
    JS_FreeContext(ctx);
    JS_FreeRuntime(runtime);
    free(text);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) compile(argv[i]);
    return 0;
}
