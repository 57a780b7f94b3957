// What every file of the bridge shares: the shape of a call, and checked conversion of arguments and results.
//
// Rules that keep the bridge safe (each native/*.c repeats only what is particular to a call):
// - A call returns a number >= 0 or an object when it worked, and -errno when the kernel refused. It throws only for a
//   wrong argument type, which is a bug of the caller.
// - Arguments are never coerced: an object where a number or string belongs is a TypeError. So no JavaScript runs
//   between borrowing a buffer and using it, and a borrowed pointer cannot go stale. Calls that take arrays read the
//   whole array (which may run getters) before they borrow anything.
// - Strings that hold a NUL are -EINVAL; paths longer than PATH_MAX are -ENAMETOOLONG.
#ifndef KATA_BRIDGE_H
#define KATA_BRIDGE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quickjs.h"

// Declares or defines one call of the module.
#define NATIVE(name)                                                                                                   \
    JSValue native_##name(JSContext *ctx, JSValueConst self __attribute__((unused)),                                   \
                          int argc __attribute__((unused)), JSValueConst *argv __attribute__((unused)))

// A status that says: a JavaScript exception is pending. Everything else below 0 is -errno.
#define THREW INT_MIN

// Repeats a call that a stopped-and-continued process may see interrupted.
#define RETRY(expression)                                                                                              \
    ({                                                                                                                 \
        long result_;                                                                                                  \
        do result_ = (long)(expression);                                                                               \
        while (result_ < 0 && errno == EINTR);                                                                         \
        result_;                                                                                                       \
    })

// Memory that belongs to a JavaScript buffer; valid until JavaScript runs again.
struct bytes {
    uint8_t *data;
    size_t length;
};

// The arguments of the process, set by main.
extern int process_argc;
extern char **process_argv;
// The environment, as libc has it.
extern char **environ;

// Arguments. All return 0, -errno, or THREW.
int arg_int(JSContext *ctx, JSValueConst value, int *out);
int arg_i64(JSContext *ctx, JSValueConst value, int64_t *out);
int arg_text(JSContext *ctx, JSValueConst value, char *out, size_t size);
// Like arg_text; null and undefined leave *given false.
int arg_text_or_null(JSContext *ctx, JSValueConst value, char *out, size_t size, bool *given);
// A typed array whose elements have `element` bytes. Never runs JavaScript.
int arg_bytes(JSContext *ctx, JSValueConst value, size_t element, struct bytes *out);
// A slice of a Uint8Array: the arguments after it are offset and length; both may be undefined.
int arg_slice(JSContext *ctx, JSValueConst *three, struct bytes *out);
// Numbers of an array, at most `most`; may run getters.
int arg_ints(JSContext *ctx, JSValueConst value, int *out, int most, int *count);
// Strings of an array as a NULL-terminated vector; may run getters. Free with free_vector.
int arg_vector(JSContext *ctx, JSValueConst value, char ***out);
void free_vector(char **vector);

static inline int arg_path(JSContext *ctx, JSValueConst value, char out[PATH_MAX])
{
    return arg_text(ctx, value, out, PATH_MAX);
}

// Results.
JSValue give(JSContext *ctx, long status);                    // a status as it is: >= 0, -errno or THREW
JSValue give_call(JSContext *ctx, long result);               // what a libc call returned: -1 becomes -errno
JSValue give_bytes(JSContext *ctx, const void *data, size_t length); // a new Uint8Array with a copy
JSValue give_owned_bytes(JSContext *ctx, void *data, size_t length); // a new Uint8Array that takes over malloc'ed memory
JSValue give_text(JSContext *ctx, const char *text, size_t length);  // UTF-8 to a string, malformed bytes to U+FFFD

// Sets a property of an object under construction.
void put(JSContext *ctx, JSValueConst object, const char *name, JSValue value);
static inline void put_number(JSContext *ctx, JSValueConst object, const char *name, int64_t value)
{
    put(ctx, object, name, JS_NewInt64(ctx, value));
}

// The engine's side: registers the module, runs jobs, keeps unhandled rejections (engine.c).
JSModuleDef *bridge_module(JSContext *ctx, const char *name);
void engine_track_rejections(JSRuntime *runtime);
// Modules: how a runtime finds them, what each realm has, and evaluation of one; NULL or false: an exception is pending (loader.c).
void engine_load_modules(JSRuntime *runtime);
bool engine_furnish(JSContext *ctx);
JSModuleDef *engine_start_module(JSContext *ctx, const char *name);
// Modules that are loaded are not read again soon: lets go of their bytecode, which the kernel reads anew from the file if need be.
void engine_drop_embedded(void);
// Runs promise jobs until none is left; returns how many faults wait to be taken.
int engine_run_jobs(JSContext *ctx);
// Prints an exception through the fault printer that the prelude installed, or plainly.
void engine_print_fault(JSContext *ctx, JSValueConst error);

// Memory of the engine (memory.c). While `passing`, blocks come from pages of their own: for work that leaves little behind.
JSRuntime *memory_new_runtime(void);
bool memory_passing(bool passing);
// Gives unused memory back to the kernel.
void memory_trim(void);

// Makes room for the engine's recursion; returns how many bytes of stack the engine may use (stack.c).
size_t reserve_stack(void);
// In a child: gives back the limit that reserve_stack raised.
void restore_stack_limit(void);
// Gives the stack's unused pages back to the kernel.
void trim_stack(void);

// What the build embeds (out/build/<binary>/embedded.c, written by tools/build).
struct embedded_module {
    const char *name;
    const uint8_t *code;
    const uint8_t *code_end;
    const uint8_t *lines; // the line map, see src/sys/line-map.ts
    const uint8_t *lines_end;
};
struct embedded_program {
    const char *name;   // the program's name on disk
    const char *module; // the module that it starts
    // Bytes of heap at which garbage is looked for first; later the engine goes by what was left.
    size_t first_collection;
};
extern const struct embedded_module embedded_modules[];   // ends with a NULL name
extern const struct embedded_program embedded_programs[]; // ends with a NULL name; the first is the default
const struct embedded_module *find_embedded(const char *name);

#endif
