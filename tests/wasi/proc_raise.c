/* proc_raise: with a number, raises that signal and should end; without, raises those that do not
 * end a program (tests). */
#include "tests/wasi/raw.h"

__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_raise"))) int32_t
import_proc_raise(int32_t signal);

int main(int argc, char **argv)
{
    static const int ignored[] = {13, 16, 17, 22, 27}; /* pipe chld cont urg winch */
    static const int stopping[] = {18, 19, 20, 21};    /* stop tstp ttin ttou */
    if (argc > 1) {
        check("a signal that ends the program", -1, import_proc_raise(atoi(argv[1])));
        return check_end();
    }
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        check("a signal that is ignored", 0, import_proc_raise(ignored[i]));
    }
    for (size_t i = 0; i < sizeof stopping / sizeof *stopping; i++) {
        check("a signal that stops", __WASI_ERRNO_NOTSUP, import_proc_raise(stopping[i]));
    }
    check("signal 0", __WASI_ERRNO_INVAL, import_proc_raise(0));
    check("signal 31", __WASI_ERRNO_INVAL, import_proc_raise(31));
    check("signal 255", __WASI_ERRNO_INVAL, import_proc_raise(255));
    check("signal 2^32-1", __WASI_ERRNO_INVAL, import_proc_raise(-1));
    return check_end();
}
