/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <gcov.h>
#include <unistd.h>

void __wrap__exit(int code) __attribute__((noreturn));
void __real__exit(int code) __attribute__((noreturn));

/* The forked children end with _exit(2), which runs no destructor, and with that what they counted would be
 * lost. Linked only when coverage is counted (-Db_coverage=true). */
void __wrap__exit(int code)
{
    __gcov_dump();
    __real__exit(code);
}
