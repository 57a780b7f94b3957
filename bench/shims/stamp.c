// Stands in for a shim on containerd's PATH: notes when containerd started it, and becomes the shim. Compiled by stamps.ts,
// which says what SHIM and STAMPS are.
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec now;
    char line[64];
    clock_gettime(CLOCK_REALTIME, &now);
    int file = open(STAMPS, O_WRONLY | O_APPEND | O_CREAT, 0600);
    int length = snprintf(line, sizeof line, "%s %.3f\n", argv[argc - 1], now.tv_sec * 1e3 + now.tv_nsec / 1e6);
    if (file < 0 || write(file, line, (size_t)length) != length || close(file) < 0) return 1;
    execv(SHIM, argv);
    return 1;
}
