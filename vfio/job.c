/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/job.h"

#include <errno.h>

VvJob *vv_job_new(VvAddress address, const char *driver, const char *override)
{
    VvJob *job = g_new0(VvJob, 1);

    job->change.address = address;
    job->change.driver = g_strdup(driver);
    job->change.override = g_strdup(override);
    job->lock_fd = -1;
    return job;
}

void vv_job_free(VvJob *job)
{
    if (!job)
        return;
    g_free(job->change.driver);
    g_free(job->change.fallback);
    g_free(job->change.override);
    g_free(job->change.consoles);
    g_free(job->change.power_control);
    g_free(job->change.d3cold);
    g_free(job->evidence);
    g_free(job->alone);
    g_free(job);
}

static const char *stage_doing(VvStage stage)
{
    switch (stage) {
    case VV_STAGE_CHECK:
        return "reading its configuration space does not end";
    case VV_STAGE_RESET:
        return "resetting it does not end";
    case VV_STAGE_OVERRIDE:
        return "setting its driver_override does not end";
    case VV_STAGE_POWER:
        return "setting its power management does not end";
    case VV_STAGE_UNBIND:
        return "its driver does not let go";
    case VV_STAGE_BIND:
        return "the driver that is to have it does not come back from its probe";
    case VV_STAGE_CONSOLE:
        return "the text consoles do not let go of it";
    default:
        return "the kernel does not answer";
    }
}

static char *describe_failure(const VvJob *job, const char *address)
{
    const char *reason = g_strerror(job->result.error), *driver = job->change.driver;

    switch (job->result.stage) {
    case VV_STAGE_CHECK:
        return g_strdup_printf("%s stays on VFIO: %s", address, vv_config_state_text(job->result.state));
    case VV_STAGE_RESET:
        return g_strdup_printf("cannot reset %s: %s", address, reason);
    case VV_STAGE_OVERRIDE:
        return g_strdup_printf("cannot set driver_override of %s: %s", address, reason);
    case VV_STAGE_POWER:
        return g_strdup_printf("cannot set the power management of %s: %s", address, reason);
    case VV_STAGE_UNBIND:
        return g_strdup_printf("cannot unbind %s from its driver: %s", address, reason);
    case VV_STAGE_BIND:
        return g_strdup_printf("the driver %s does not take %s: %s", driver, address,
                               job->result.error == ENOENT ? "it is not loaded" : reason);
    case VV_STAGE_CONSOLE:
        return g_strdup_printf("cannot move the text consoles of %s: %s", address, reason);
    default:
        return g_strdup_printf("%s did not end up on %s", address, driver ? driver : "no driver");
    }
}

char *vv_job_describe(const VvJob *job)
{
    char text[VV_ADDRESS_TEXT];
    const char *address = vv_address_format(job->change.address, text);

    if (job->wedged)
        return g_strdup_printf("%s is stuck: %s (%s)", address, stage_doing(job->result.stage),
                               job->evidence);
    if (job->result.error == ETIMEDOUT)
        return g_strdup_printf("%s: no answer in time: %s", address, stage_doing(job->result.stage));
    if (job->result.error == ECHILD)
        return g_strdup_printf("%s: its worker died", address);
    return describe_failure(job, address);
}
