/* What the tests of the C ABI share. */
#ifndef CASD_TESTS_SUPPORT_H
#define CASD_TESTS_SUPPORT_H

/* CMocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A group's teardown: fails when an object was not destroyed. */
int nothing_is_left(void **state);

#endif
