/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Races for devices: "racer ROUNDS SECONDS PROCESSES SEED ADDRESS...". In each round that many processes,
 * each for an owner of its own, take overlapping sets of the devices at the same moment, and keep what they
 * got until all have ended. Then whoever won must have all of its set, nobody may have what somebody else
 * has, and each loser must say which device was claimed and by whom. Ends with 1 at the first broken rule.
 * Stops after SECONDS (0: never) and prints how many rounds there were. */
#include "hands.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_DEVICES 16
#define MAX_RACERS 16

/* All together wait for a lock for five seconds at most (VvHandoverOptions); the rest is for a busy machine.
 */
#define DEADLOCK_S 60

typedef enum { RUNNING, WON, LOST } Outcome;

typedef struct {
    guint wants; /* bits: devices */
    gint outcome;
    char problem[1024];
} Racer;

/* Shared by all processes of a round. */
typedef struct {
    gint waiting, go, ended, home;
    Racer racers[MAX_RACERS];
} Round;

static char **devices;
static guint device_count, racer_count;

static char *uuid_of(guint racer)
{
    return g_strdup_printf("5c1b0d7e-0000-4000-8000-%012u", racer);
}

static char *name_of(guint racer)
{
    return g_strdup_printf("racer%u", racer);
}

/* FALSE when the others do not come. */
static gboolean wait_until(const gint *value, gint wanted)
{
    gint64 deadline = g_get_monotonic_time() + DEADLOCK_S * G_USEC_PER_SEC;

    while (g_atomic_int_get(value) < wanted) {
        if (g_get_monotonic_time() > deadline)
            return FALSE;
        g_usleep(1000);
    }
    return TRUE;
}

static char **wanted_devices(const Racer *racer)
{
    GPtrArray *words = g_ptr_array_new();

    for (guint i = 0; i < device_count; i++)
        if (racer->wants & 1u << i)
            g_ptr_array_add(words, g_strdup(devices[i]));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

/* Still all there, now that every other racer has ended. */
static void check_owned(const Hands *hands, Racer *racer, char **words, const char *uuid)
{
    for (guint i = 0; words[i]; i++)
        if (!hands_owns(hands, words[i], uuid))
            snprintf(racer->problem, sizeof racer->problem, "it has won %s and does not have it", words[i]);
}

static G_GNUC_NORETURN void race(Round *round, guint number)
{
    Racer *racer = &round->racers[number];
    g_auto(GStrv) words = wanted_devices(racer);
    g_autofree char *uuid = uuid_of(number), *name = name_of(number), *problem = NULL;
    Hands hands = {0};

    g_atomic_int_inc(&round->waiting);
    wait_until(&round->go, 1);
    gboolean won = hands_take(&hands, words, uuid, name, &problem);
    if (!won)
        g_strlcpy(racer->problem, problem, sizeof racer->problem);
    g_atomic_int_set(&racer->outcome, won ? WON : LOST);
    g_atomic_int_inc(&round->ended);
    wait_until(&round->ended, (gint)racer_count);
    if (won)
        check_owned(&hands, racer, words, uuid);
    g_atomic_int_inc(&round->home);
    wait_until(&round->home, (gint)racer_count);
    g_autofree char *trouble = NULL;
    if (won && !hands_return(&hands, &trouble))
        g_strlcpy(racer->problem, trouble, sizeof racer->problem);
    hands_clear(&hands);
    exit(0);
}

/* Which of the others has the device that the loser names as claimed? A winner, or one that was about to take
 * it when the loser looked. */
static gboolean is_clear(const Round *round, guint loser)
{
    const Racer *racer = &round->racers[loser];

    if (!strstr(racer->problem, "claimed"))
        return FALSE;
    for (guint other = 0; other < racer_count; other++) {
        g_autofree char *name = name_of(other);
        const char *named = strstr(racer->problem, name);
        if (other == loser || !named || g_ascii_isdigit(named[strlen(name)]))
            continue;
        for (guint i = 0; i < device_count; i++)
            if ((round->racers[other].wants & racer->wants & 1u << i) && strstr(racer->problem, devices[i]))
                return TRUE;
    }
    return FALSE;
}

static gboolean say_broken(const Round *round, const char *what)
{
    printf("%s\n", what);
    for (guint i = 0; i < racer_count; i++) {
        const Racer *racer = &round->racers[i];
        printf("  racer%u wanted %x and %s: %s\n", i, racer->wants,
               racer->outcome == WON    ? "won"
               : racer->outcome == LOST ? "lost"
                                        : "did not come back",
               racer->problem);
    }
    return FALSE;
}

static gboolean judge(const Round *round)
{
    guint owned = 0, winners = 0;

    for (guint i = 0; i < racer_count; i++) {
        const Racer *racer = &round->racers[i];
        if (racer->outcome == LOST && !is_clear(round, i))
            return say_broken(round, "a loser does not say which device was claimed, and by whom:");
        if (racer->outcome != WON)
            continue;
        if (racer->problem[0])
            return say_broken(round, "a winner has trouble:");
        if (owned & racer->wants)
            return say_broken(round, "a device has two owners:");
        owned |= racer->wants;
        winners++;
    }
    return winners > 0 || say_broken(round, "nobody has won:");
}

/* Sets of two or three devices that all have one in common with the next racer's, so that there is a race. */
static void draw_sets(Round *round, GRand *random)
{
    for (guint i = 0; i < racer_count; i++) {
        guint first = (guint)g_rand_int_range(random, 0, (gint)device_count);
        round->racers[i].wants = 1u << first | 1u << (first + 1) % device_count;
        if (g_rand_boolean(random))
            round->racers[i].wants |= 1u << g_rand_int_range(random, 0, (gint)device_count);
    }
    for (guint i = 1; i < racer_count; i++)
        round->racers[i].wants |= round->racers[i - 1].wants & -round->racers[i - 1].wants;
}

/* TRUE when all have ended in time and well. */
static gboolean reap(pid_t *racers)
{
    gint64 deadline = g_get_monotonic_time() + DEADLOCK_S * G_USEC_PER_SEC;
    guint left = racer_count;
    gboolean well = TRUE;

    while (left && g_get_monotonic_time() < deadline) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        left -= pid > 0;
        well = well && (pid <= 0 || status == 0);
        if (pid <= 0)
            g_usleep(1000);
    }
    for (guint i = 0; left && i < racer_count; i++)
        kill(racers[i], SIGKILL);
    return well && !left;
}

static gboolean run_round(Round *round, GRand *random)
{
    pid_t racers[MAX_RACERS];

    memset(round, 0, sizeof *round);
    draw_sets(round, random);
    for (guint i = 0; i < racer_count; i++) {
        racers[i] = fork();
        if (racers[i] == 0)
            race(round, i);
    }
    gboolean ready = wait_until(&round->waiting, (gint)racer_count);
    g_atomic_int_set(&round->go, 1);
    if (!reap(racers) || !ready)
        return say_broken(round, "not all have ended, or not well:");
    return judge(round);
}

int main(int argc, char **argv)
{
    if (argc < 7 || argc - 5 > MAX_DEVICES)
        return 2;
    hands_only_in_the_lab();
    Round *round = mmap(NULL, sizeof *round, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    gint64 seconds = atoi(argv[2]), start = g_get_monotonic_time();
    g_autoptr(GRand) random = g_rand_new_with_seed((guint32)atoi(argv[4]));
    int done = 0;

    racer_count = (guint)CLAMP(atoi(argv[3]), 2, MAX_RACERS);
    devices = argv + 5;
    device_count = (guint)(argc - 5);
    for (; done < atoi(argv[1]); done++) {
        if (seconds && g_get_monotonic_time() - start > seconds * G_USEC_PER_SEC)
            break;
        if (round == MAP_FAILED || !run_round(round, random)) {
            printf("in round %d\n", done + 1);
            return 1;
        }
    }
    printf("%d\n", done);
    return 0;
}
