// The reaper of a pod's shared pid namespace, which runs instead of a program.
#pragma once

#define REAPER_NAME "pod-reaper"

// `pod-reaper DIRECTORY`: mounts an empty root over DIRECTORY, writes one byte to its standard output when it is ready,
// and stays until it is killed. Returns an exit status only when it is not PID 1, or a step failed.
int reap_for_pod(int argc, char **argv);
