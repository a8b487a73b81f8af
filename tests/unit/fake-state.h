/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fake-host.h"

/* All that a fake machine has in sysfs and in the journal, to come back to it, and to tell whether two are
 * the same. */
typedef struct FakeState FakeState;

FakeState *fake_state_save(const FakeHost *fake);
void fake_state_restore(FakeHost *fake, const FakeState *state);
void fake_state_free(FakeState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeState, fake_state_free)

/* The state as text, but without times, and with "first", "second" … for the processes that the journal
 * names: what is to be done about two states with the same text is the same, as long as these processes are
 * dead. */
char *fake_state_text(const FakeState *state);
