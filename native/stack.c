// Room for the engine's recursion. It checks its own depth, so a deep JSON text or a deep call chain becomes an
// exception; this file makes sure that the process does not end earlier, for want of stack.
#include "bridge.h"

#include <sys/mman.h>
#include <sys/resource.h>

enum { wanted_for_engine = 6 << 20, reserve_for_libc = 2 << 20 };

static struct rlimit before;
static bool raised;

// The main stack grows on demand up to the soft limit, which the kernel reads at the time of growth. The address space
// below it is free: the kernel keeps at least 128 MiB between the stack and the mappings, whatever the limit was.
size_t reserve_stack(void)
{
    const rlim_t wanted = wanted_for_engine + reserve_for_libc;
    if (getrlimit(RLIMIT_STACK, &before) < 0) return 512 << 10;
    if (before.rlim_cur >= wanted) return wanted_for_engine; // also RLIM_INFINITY
    struct rlimit limit = before;
    limit.rlim_cur = wanted;
    if (limit.rlim_max < wanted) limit.rlim_max = wanted; // allowed with CAP_SYS_RESOURCE only
    raised = setrlimit(RLIMIT_STACK, &limit) == 0;
    if (raised) return wanted_for_engine;
    limit.rlim_cur = limit.rlim_max = before.rlim_max;
    raised = setrlimit(RLIMIT_STACK, &limit) == 0;
    return (size_t)(raised ? before.rlim_max : before.rlim_cur) / 4 * 3;
}

void restore_stack_limit(void)
{
    if (raised) setrlimit(RLIMIT_STACK, &before);
}

// Gives back what deep calls of the past have left below the current frame: the kernel never takes it by itself. The range
// may reach beyond the mapped part, where there is nothing (see above); madvise then reports ENOMEM and has done its work.
void trim_stack(void)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), room_for_callees = 16 << 10;
    const uintptr_t top = ((uintptr_t)__builtin_frame_address(0) - room_for_callees) / page * page;
    madvise((void *)(top - wanted_for_engine), wanted_for_engine, MADV_DONTNEED);
}
