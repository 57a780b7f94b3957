#ifndef KATA_PROCESSES_H
#define KATA_PROCESSES_H
// The RLIMIT_ constant behind an index of the bridge's table, -1 for an unknown one.
int rlimit_resource(int index);
#endif
