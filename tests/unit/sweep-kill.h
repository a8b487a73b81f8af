/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "sweep.h"

/* What is killed at each of its steps. */
typedef struct {
    SweepWork first; /* done before, undisturbed; NULL: nothing */
    SweepWork work;
    guint devices;      /* sweep_words[devices] */
    guint steps;        /* so many things it changes: what the sweep must reach */
    guint kills;        /* so many programs are killed when it goes one after the other, recover too */
    gboolean may_stay;  /* some devices may stay taken by hand… */
    gboolean all_stay;  /* …but only all of them */
    const char *breaks; /* its bind to VFIO fails for this function; NULL: for none */
} SweepCase;

/* Kills the program at each step, one device after the other and 16 side by side, and runs recover each time:
 * then everything must be where it was, or taken by hand, and released then. That recover is killed at each
 * of its own steps, too, and run again: always for few steps, for many where sweep_is_whole(). Prints the
 * number of kills. */
void sweep_kill(const SweepCase *sweep);
