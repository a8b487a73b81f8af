/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"
#include "vfio/machine.h"
#include "vfio/place.h"

int main(void)
{
    return 0;
}
