/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/identity.h"

#include <string.h>

/* Is this function the expected one? */
typedef enum {
    MATCH_OTHER,
    MATCH_POSSIBLE, /* the ids fit, and nothing more can be compared */
    MATCH_SAME,
} Match;

/* How much speaks for a function elsewhere on this host. */
typedef enum {
    RANK_NONE,
    RANK_IDS,    /* a twin at least */
    RANK_UNIQUE, /* its serial number or MAC, though at another function number */
    RANK_SAME,
} Rank;

/* Where the expected one could be: the functions of the highest rank that was seen. */
typedef struct {
    Rank rank;
    GPtrArray *devices; /* VvDevice, not owned */
} Places;

static gboolean ids_equal(const VvIdentity *a, const VvIdentity *b)
{
    return a->vendor == b->vendor && a->device == b->device && a->subsystem_vendor == b->subsystem_vendor &&
           a->subsystem_device == b->subsystem_device && a->class_code == b->class_code;
}

void vv_identity_complete(VvIdentity *identity, const VvIdentity *earlier)
{
    if (!ids_equal(identity, earlier))
        return;
    if (!identity->serial)
        identity->serial = g_strdup(earlier->serial);
    if (!identity->mac)
        identity->mac = g_strdup(earlier->mac);
    if (!identity->dsn)
        identity->dsn = earlier->dsn;
}

/* Serial number and MAC come before the DSN: the latter is the card's, and some makers give all cards the
 * same. */
static Match match(const VvIdentity *a, const VvIdentity *b)
{
    if (!ids_equal(a, b))
        return MATCH_OTHER;
    if (a->serial && b->serial)
        return strcmp(a->serial, b->serial) == 0 ? MATCH_SAME : MATCH_OTHER;
    if (a->mac && b->mac)
        return strcmp(a->mac, b->mac) == 0 ? MATCH_SAME : MATCH_OTHER;
    if (a->dsn && b->dsn)
        return a->dsn == b->dsn ? MATCH_SAME : MATCH_OTHER;
    return MATCH_POSSIBLE;
}

/* A card that moves keeps its function numbers, and its VFs their distance from the PF. */
static gboolean keeps_its_number(const VvDevice *device, VvAddress address)
{
    return device->address.function == address.function &&
           (!device->is_virtual || device->address.slot == address.slot);
}

/* Is this address meant for another one of `all` that looks just as likely? The two ports of one NVMe drive
 * have one serial number: each of them is at home where it is. */
static gboolean is_spoken_for(const VvIdentity *expected, const GPtrArray *all, VvAddress address,
                              Match found)
{
    for (guint i = 0; all && i < all->len; i++) {
        const VvIdentity *other = all->pdata[i];
        if (vv_address_equal(other->address, address) &&
            (found == MATCH_POSSIBLE || match(other, expected) == MATCH_SAME))
            return TRUE;
    }
    return FALSE;
}

static Rank rank_of(const VvHost *host, VvDevice *device, const VvIdentity *expected, const GPtrArray *all)
{
    const VvIdentity ids = {.vendor = device->vendor,
                            .device = device->device,
                            .subsystem_vendor = device->subsystem_vendor,
                            .subsystem_device = device->subsystem_device,
                            .class_code = device->class_code};

    /* The rest costs more to read. */
    if (!ids_equal(&ids, expected))
        return RANK_NONE;
    g_autoptr(VvIdentity) now = vv_identity_read(host, device);
    Match found = match(now, expected);
    if (found == MATCH_OTHER || is_spoken_for(expected, all, device->address, found))
        return RANK_NONE;
    if (keeps_its_number(device, expected->address))
        return found == MATCH_SAME ? RANK_SAME : RANK_IDS;
    gboolean unique = !device->is_virtual && (now->serial || now->mac);
    return found == MATCH_SAME && unique ? RANK_UNIQUE : RANK_NONE;
}

static void look_for(const VvHost *host, const VvIdentity *expected, const GPtrArray *all, Places *places)
{
    const GPtrArray *devices = vv_host_devices(host);

    for (guint i = 0; i < devices->len; i++) {
        VvDevice *device = devices->pdata[i];
        if (vv_address_equal(device->address, expected->address))
            continue;
        Rank rank = rank_of(host, device, expected, all);
        if (rank > places->rank) {
            places->rank = rank;
            g_ptr_array_set_size(places->devices, 0);
        }
        if (rank != RANK_NONE && rank == places->rank)
            g_ptr_array_add(places->devices, device);
    }
}

/* "1b36:0010 (serial lab-0)": of the other ids those in which it differs from `other` (may be NULL). */
static char *describe(const VvIdentity *identity, const VvIdentity *other)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *dsn = vv_identity_dsn_text(identity->dsn);

    if (other && (identity->subsystem_vendor != other->subsystem_vendor ||
                  identity->subsystem_device != other->subsystem_device))
        g_ptr_array_add(words, g_strdup_printf("subsystem %04x:%04x", identity->subsystem_vendor,
                                               identity->subsystem_device));
    if (other && identity->class_code != other->class_code)
        g_ptr_array_add(words, g_strdup_printf("class %06x", identity->class_code));
    if (identity->serial)
        g_ptr_array_add(words, g_strdup_printf("serial %s", identity->serial));
    if (identity->mac)
        g_ptr_array_add(words, g_strdup_printf("MAC %s", identity->mac));
    if (identity->dsn)
        g_ptr_array_add(words, g_strdup_printf("DSN %s", dsn));
    gboolean more = words->len > 0;
    g_ptr_array_add(words, NULL);
    g_autofree char *text = g_strjoinv(", ", (char **)words->pdata);
    return g_strdup_printf("%04x:%04x%s%s%s", identity->vendor, identity->device, more ? " (" : "", text,
                           more ? ")" : "");
}

static char *join_addresses(const Places *places)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < places->devices->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               ((const VvDevice *)places->devices->pdata[i])->text);
    return g_string_free(text, FALSE);
}

static char *where_text(const Places *places)
{
    g_autofree char *addresses = join_addresses(places);
    const char *one_of = places->devices->len > 1 ? "one of " : "";

    if (places->rank == RANK_NONE)
        return g_strdup("the one meant is seen nowhere on this host");
    if (places->rank == RANK_IDS)
        return g_strdup_printf("the one meant may be %s%s, by its ids", one_of, addresses);
    return g_strdup_printf("the one meant is at %s%s", one_of, addresses);
}

static char *remedy_text(const VvIdentity *expected, const Places *places)
{
    char old[VV_ADDRESS_TEXT];
    g_autofree char *addresses = join_addresses(places);

    vv_address_format(expected->address, old);
    if (places->rank == RANK_NONE)
        return g_strdup(
            "if the one that is there now is meant, run 'virt-vfio define' with the VM file again");
    if (places->devices->len > 1)
        return g_strdup_printf(
            "find out which with 'virt-vfio show', write its address in place of %s into the "
            "VM file (host = or vf =), and run 'virt-vfio define' again",
            old);
    return g_strdup_printf(
        "write %s in place of %s into the VM file (host = or vf =), and run 'virt-vfio define' again",
        addresses, old);
}

static VvReason *new_reason(const VvIdentity *expected, const VvIdentity *now, Match found,
                            const Places *places)
{
    g_autofree char *was = describe(expected, now);
    g_autofree char *is = !now                   ? g_strdup("nothing")
                          : found == MATCH_OTHER ? describe(now, expected)
                                                 : g_strdup("a twin of it");
    g_autofree char *where = where_text(places);
    g_autofree char *remedy = remedy_text(expected, places);

    /* Without anything at the address there is nothing that could be allowed. */
    return vv_reason_new("identity-changed", VV_SEVERITY_BLOCK, expected->address, now != NULL, remedy,
                         "the domain was defined with %s here; now %s is here, and %s", was, is, where);
}

VvReason *vv_identity_check(const VvHost *host, const VvIdentity *expected, const GPtrArray *all)
{
    VvDevice *device = vv_host_find(host, expected->address);
    g_autoptr(VvIdentity) now = device ? vv_identity_read(host, device) : NULL;
    Match found = now ? match(now, expected) : MATCH_OTHER;
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    Places places = {RANK_NONE, devices};

    if (found == MATCH_SAME ||
        (found == MATCH_POSSIBLE && !expected->serial && !expected->mac && !expected->dsn))
        return NULL;
    look_for(host, expected, all, &places);
    if ((found == MATCH_POSSIBLE && places.rank < RANK_UNIQUE) || (!now && places.rank == RANK_NONE))
        return NULL;
    return new_reason(expected, now, found, &places);
}
