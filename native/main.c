// Entry of every native program: starts the engine, picks the module for the program's name, evaluates it.
#include "bridge.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>

#include "reaper.h"

int process_argc;
char **process_argv;

enum { exit_fatal = 70 }; // EX_SOFTWARE of sysexits.h
// Data on its way is in buffers of up to 1 MiB, several at once. Their memory stays for the next ones: to get it from the
// kernel anew, a page fault for each page, costs more than to copy the data. It is given back when the program has settled.
enum { largest_on_heap = 4 << 20, kept_for_next = 16 << 20 };

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

static _Noreturn void fail(JSContext *ctx)
{
    JSValue error = JS_GetException(ctx);
    engine_print_fault(ctx, error);
    _exit(exit_fatal);
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
    if (argc > 0 && strcmp(argv[0], REAPER_NAME) == 0) return reap_for_pod(argc, argv);
    hold_standard_fds();
    // A broken pipe is an error of the write, never the end of the process.
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_MMAP_THRESHOLD, largest_on_heap);
    mallopt(M_TRIM_THRESHOLD, kept_for_next);
    size_t stack = reserve_stack();
    JSRuntime *runtime = memory_new_runtime();
    if (!runtime) return exit_fatal;
    JS_SetMaxStackSize(runtime, stack);
    const struct embedded_program *program = choose_program();
    JS_SetGCThreshold(runtime, program->first_collection);
    engine_load_modules(runtime);
    engine_track_rejections(runtime);
    JSContext *ctx = JS_NewContext(runtime);
    if (!ctx) return exit_fatal;
    // A program's module ends the process itself; see src/sys/start.ts.
    if (!engine_furnish(ctx) || !engine_start_module(ctx, program->module)) fail(ctx);
    return 0;
}
