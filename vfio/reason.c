/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reason.h"

#include <string.h>

/* The whole contract, so that `allow` can be checked; not every code is raised yet. */
static const char *const codes[] = {
    "not-found",         "identity-changed", "not-endpoint",
    "no-iommu",          "no-vfio",          "no-interrupt-remapping",
    "group-shared",      "group-bridge",     "group-rmrr",
    "acs-override",      "disk-mounted",     "disk-swap",
    "disk-holder",       "disk-open",        "disk-data",
    "net-default-route", "net-upper",        "net-session",
    "net-root",          "net-up",           "display-boot",
    "display-active",    "process-holds",    "input-last",
    "claimed",           "sriov-parent",     "reset-none",
    "reset-siblings",    "driver-missing",   "rom-bad",
    "rom-no-efi",        "rom-unreadable",   "firmware-missing",
    "memlock",           "hugepages-short",  "stuck",
    "quarantined",       "tpm-last",         "driver-bound",
    "reset-removes",     "reset-quirk",      NULL,
};

VvReason *vv_reason_new(const char *code, VvSeverity severity, VvAddress address, gboolean can_allow,
                        const char *remedy, const char *detail_format, ...)
{
    VvReason *reason = g_new0(VvReason, 1);
    va_list arguments;

    va_start(arguments, detail_format);
    reason->detail = g_strdup_vprintf(detail_format, arguments);
    va_end(arguments);
    reason->code = code;
    reason->severity = severity;
    reason->address = address;
    reason->can_allow = can_allow;
    reason->remedy = g_strdup(remedy);
    return reason;
}

void vv_reason_free(VvReason *reason)
{
    if (!reason)
        return;
    g_free(reason->detail);
    g_free(reason->remedy);
    g_free(reason);
}

const char *vv_severity_name(VvSeverity severity)
{
    static const char *const names[] = {"block", "warn", "info"};

    return names[severity];
}

char *vv_reason_allow_words(const VvReason *reason)
{
    char text[VV_ADDRESS_TEXT];

    if (!reason->can_allow)
        return NULL;
    return g_strdup_printf("--allow %s=%s", reason->code, vv_address_format(reason->address, text));
}

gboolean vv_reason_code_known(const char *code)
{
    return g_strv_contains(codes, code);
}

const char *vv_reason_code(const char *code)
{
    for (const char *const *known = codes; *known; known++)
        if (strcmp(*known, code) == 0)
            return *known;
    return "stuck";
}

gboolean vv_reason_is_allowed(const VvReason *reason, const char *const *allow)
{
    gsize length = strlen(reason->code);

    for (; reason->can_allow && allow && *allow; allow++) {
        if (strncmp(*allow, reason->code, length) != 0)
            continue;
        const char *rest = *allow + length;
        VvAddress address;
        if (!*rest)
            return TRUE;
        if (*rest == '=' && vv_address_parse(rest + 1, &address, NULL) &&
            vv_address_equal(address, reason->address))
            return TRUE;
    }
    return FALSE;
}
