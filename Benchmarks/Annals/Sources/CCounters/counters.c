// The interposer that counters.sh preloads, here linked into the program itself.
#include "../../../Counters/counters.c"
