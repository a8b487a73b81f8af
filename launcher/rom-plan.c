/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/rom-plan.h"

#include "launcher/rom-auto.h"
#include "vfio/rom-judge.h"

#include <string.h>

/* One plan and its guest. */
typedef struct {
    VvContext *context;
    VvPlan *plan;
    gboolean uefi;
    const char *const *allow;
} Question;

static void add_reasons(const Question *question, GPtrArray *reasons)
{
    for (guint i = 0; i < reasons->len; i++)
        vv_plan_append_reason(question->plan, reasons->pdata[i], question->allow);
    g_ptr_array_set_size(reasons, 0);
}

static void add_reason(const Question *question, const VvDevice *device, const char *code,
                       VvSeverity severity, const char *remedy, const char *detail)
{
    vv_plan_append_reason(question->plan,
                          vv_reason_new(code, severity, device->address, FALSE, remedy, "%s", detail),
                          question->allow);
}

/* On a recorded machine only what was recorded with it can be looked at. */
static void plan_file(const Question *question, const VvDevice *device, VvPlanDevice *planned,
                      const char *path)
{
    const char *sysroot = question->context->sysroot;
    g_autofree char *local = g_build_filename(sysroot ? sysroot : "/", path, NULL);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new();

    planned->rom = g_strdup(path);
    if (sysroot && !g_file_test(local, G_FILE_TEST_EXISTS))
        return;
    vv_rom_judge_file(device, path, local, question->uefi, reasons);
    add_reasons(question, reasons);
}

static void plan_backup(const Question *question, const VvRomChoice *choice, VvPlanDevice *planned)
{
    const VvRomVersion *version = choice->version;
    g_autofree char *what = g_strdup_printf("the backup of %.10s", version->date);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new();

    planned->rom = g_strdup_printf("%s, read from %s, sha256 %.16s…", what,
                                   vv_rom_source_name(version->source), version->sha256);
    vv_rom_judge(choice->device, what, choice->bytes, question->uefi, reasons);
    add_reasons(question, reasons);
}

/* Without a good backup. */
static void plan_card(const Question *question, VvDevice *device, VvPlanDevice *planned)
{
    VvRomOutlook outlook = vv_rom_outlook(question->context->host, device);
    g_autofree char *store = vv_rom_store(question->context);

    switch (outlook) {
    case VV_ROM_OUTLOOK_CARD:
    case VV_ROM_OUTLOOK_COPY:
        planned->rom = g_strdup_printf("no backup yet; 'start' reads it once and keeps it in %s", store);
        break;
    case VV_ROM_OUTLOOK_SHADOW:
        planned->rom = g_strdup("no backup; QEMU reads what the host's firmware left of it in RAM");
        add_reason(
            question, device, "rom-unreadable", VV_SEVERITY_WARN,
            "back it up while another card is the host's boot display, or say rom = FILE",
            "it is this host's boot display, so its ROM can only be read as the copy that its own code "
            "has changed; a guest may get no picture with that");
        break;
    default:
        planned->rom = g_strdup("none: the card has no ROM BAR, and there is no backup");
        add_reason(question, device, "rom-unreadable", VV_SEVERITY_INFO,
                   "say rom = FILE, if the guest's firmware shall show a picture on it",
                   "it has no ROM BAR, so its ROM cannot be read, and a guest gets none");
    }
}

static void plan_auto(const Question *question, VvDevice *device, VvPlanDevice *planned)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(VvRomChoice) choice = vv_rom_choose(question->context, device, &problem);

    if (!choice) {
        planned->rom = g_strdup("QEMU reads it from the card");
        add_reason(question, device, "rom-unreadable", VV_SEVERITY_INFO, NULL, problem->message);
        return;
    }
    if (choice->trouble) {
        g_autofree char *detail = g_strdup_printf("a backup of its ROM is not used: %s", choice->trouble);
        add_reason(question, device, "rom-bad", VV_SEVERITY_WARN,
                   "compare with 'virt-vfio rom verify', and make another with 'virt-vfio rom backup'",
                   detail);
    }
    if (choice->version)
        plan_backup(question, choice, planned);
    else
        plan_card(question, device, planned);
}

/* What is not there, or not in the plan, the plan has said already. */
static VvPlanDevice *find(const Question *question, VvAddress address)
{
    VvPlanDevice *planned = vv_plan_find(question->plan, address);

    return planned && planned->device && !planned->rom ? planned : NULL;
}

void vv_plan_domain_roms(VvContext *context, VvPlan *plan, const VvDomain *domain, const char *const *allow)
{
    const Question question = {context, plan, domain->uefi, allow};

    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];
        VvPlanDevice *planned = find(&question, device->host);
        if (!planned)
            continue;
        if (vv_rom_is_ours(device, planned->device))
            plan_auto(&question, planned->device, planned);
        else if (device->rom_file)
            plan_file(&question, planned->device, planned, device->rom_file);
    }
}

/* The function that has the card's boot code: number 0, or the first. */
static VvDevice *first_function(VvHost *host, const VvVmDevice *card)
{
    g_autoptr(GPtrArray) functions = g_ptr_array_new();

    for (guint i = 0; i < card->selectors->len; i++)
        vv_host_select(host, g_array_index(card->selectors, VvSelector, i), functions);
    for (guint i = 0; i < functions->len; i++)
        if (((const VvDevice *)functions->pdata[i])->address.function == 0)
            return functions->pdata[i];
    return functions->len ? functions->pdata[0] : NULL;
}

void vv_plan_vm_roms(VvContext *context, VvPlan *plan, const VvVm *vm, const char *const *allow)
{
    const Question question = {context, plan, vm->firmware != VV_FIRMWARE_BIOS, allow};

    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];
        VvDevice *function = first_function(context->host, card);
        VvPlanDevice *planned = function ? find(&question, function->address) : NULL;
        const VvDomainDevice as_defined = {.rombar = card->rombar,
                                           .rom_auto = strcmp(card->rom, "auto") == 0};
        if (planned && *card->rom == '/')
            plan_file(&question, function, planned, card->rom);
        else if (planned && vv_rom_is_ours(&as_defined, function))
            plan_auto(&question, function, planned);
    }
}
