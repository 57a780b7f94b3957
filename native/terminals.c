// Terminals and pseudo terminals.
#include "bridge.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

// isTerminal(fd): 1 or 0. SAFETY: no memory.
NATIVE(isTerminal)
{
    int fd, bad = arg_int(ctx, argv[0], &fd);
    return bad ? give(ctx, bad) : give(ctx, isatty(fd));
}

// windowSize(fd): rows * 65536 + columns; both are 16 bits wide. SAFETY: one struct.
NATIVE(windowSize)
{
    int fd, bad = arg_int(ctx, argv[0], &fd);
    struct winsize size;
    if (bad) return give(ctx, bad);
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return give_call(ctx, -1);
    return JS_NewInt64(ctx, (int64_t)size.ws_row * 65536 + size.ws_col);
}

// setWindowSize(fd, rows, columns). SAFETY: one struct.
NATIVE(setWindowSize)
{
    int fd, rows, columns, bad;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_int(ctx, argv[1], &rows)) || (bad = arg_int(ctx, argv[2], &columns)))
        return give(ctx, bad);
    if (rows < 0 || rows > 65535 || columns < 0 || columns > 65535) return give(ctx, -EINVAL);
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    return give_call(ctx, ioctl(fd, TIOCSWINSZ, &size));
}

// makeRaw(fd): the former state as opaque bytes. SAFETY: the bytes are a copy of one struct termios.
NATIVE(makeRaw)
{
    int fd, bad = arg_int(ctx, argv[0], &fd);
    struct termios state, raw;
    if (bad) return give(ctx, bad);
    if (tcgetattr(fd, &state) < 0) return give_call(ctx, -1);
    raw = state;
    cfmakeraw(&raw);
    if (tcsetattr(fd, TCSANOW, &raw) < 0) return give_call(ctx, -1);
    return give_bytes(ctx, &state, sizeof state);
}

// restoreTerminal(fd, state). SAFETY: takes exactly the bytes that makeRaw gave; any content is a valid struct.
NATIVE(restoreTerminal)
{
    int fd, bad;
    struct bytes from;
    struct termios state;
    if ((bad = arg_int(ctx, argv[0], &fd)) || (bad = arg_bytes(ctx, argv[1], 1, &from))) return give(ctx, bad);
    if (from.length != sizeof state) return give(ctx, -EINVAL);
    memcpy(&state, from.data, sizeof state);
    return give_call(ctx, tcsetattr(fd, TCSANOW, &state));
}

// openPty(): {master, slavePath}. SAFETY: the caller owns the master; it is closed here when a step fails.
NATIVE(openPty)
{
    char path[64];
    int error, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master < 0) return give_call(ctx, master);
    if (grantpt(master) < 0 || unlockpt(master) < 0) error = errno;
    else error = ptsname_r(master, path, sizeof path);
    JSValue object = error ? JS_UNDEFINED : JS_NewObject(ctx);
    if (error || JS_IsException(object)) {
        close(master);
        return error ? give(ctx, -error) : object;
    }
    put_number(ctx, object, "master", master);
    put(ctx, object, "slavePath", give_text(ctx, path, strlen(path)));
    return object;
}
