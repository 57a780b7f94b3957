// Prints a line for each thread of the machine: thread, process, parent, core-scheduling cookie (0: shares cores with all
// others that have none) and command line. The kernel gives cookies as hashes: only whether two are equal means anything.
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

static void print_thread(const char *process, const char *thread)
{
    char path[600], line[1024] = "", command[200] = "";
    unsigned long cookie;
    int parent;
    snprintf(path, sizeof path, "/proc/%s/stat", process);
    FILE *stat = fopen(path, "r");
    if (!stat) return; // It has ended.
    char *known = fgets(line, sizeof line, stat);
    fclose(stat);
    char *end = NULL;
    for (char *at = line; *at; at++)
        if (*at == ')') end = at;
    if (!known || !end || sscanf(end, ") %*c %d", &parent) != 1) return;
    snprintf(path, sizeof path, "/proc/%s/cmdline", process);
    FILE *file = fopen(path, "r");
    if (!file) return;
    size_t length = fread(command, 1, sizeof command - 1, file);
    fclose(file);
    for (size_t i = 0; i < length; i++)
        if (!isprint((unsigned char)command[i])) command[i] = ' ';
    // PR_SCHED_CORE, PR_SCHED_CORE_GET, of a thread: the only scope that can be read.
    if (prctl(62, 0, atoi(thread), 0, &cookie)) {
        perror("PR_SCHED_CORE_GET");
        exit(1);
    }
    printf("thread %s %s %d %lx %s\n", thread, process, parent, cookie, command);
}

int main(void)
{
    DIR *processes = opendir("/proc");
    for (struct dirent *process; processes && (process = readdir(processes));) {
        char path[600];
        if (!isdigit((unsigned char)process->d_name[0])) continue;
        snprintf(path, sizeof path, "/proc/%s/task", process->d_name);
        DIR *threads = opendir(path);
        for (struct dirent *thread; threads && (thread = readdir(threads));)
            if (isdigit((unsigned char)thread->d_name[0])) print_thread(process->d_name, thread->d_name);
        if (threads) closedir(threads);
    }
    return 0;
}
