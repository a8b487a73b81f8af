/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/command.h"

#define REPORTS VV_HAS_JSON
#define MOVES (VV_NEEDS_ROOT | VV_CHANGES | VV_HAS_DRY_RUN | VV_HAS_JSON | VV_HANDS_OVER)
#define MANY G_MAXUINT

const VvCommand vv_commands[] = {
    {"list", "", "PCI devices, their IOMMU groups and host drivers", REPORTS, 0, 0, vv_verb_list,
     vv_list_options},
    {"show", "ADDRESS", "everything about one device, its group, and what is in the way", REPORTS, 1, 1,
     vv_verb_show, NULL},
    {"plan", "DOMAIN|FILE|ADDRESS…",
     "what would be taken from this host, and what is in the way; changes nothing", REPORTS, 1, MANY,
     vv_verb_plan, vv_plan_options},
    {"bind", "ADDRESS…", "take devices from their host drivers by hand", MOVES, 1, MANY, vv_verb_bind,
     vv_bind_options},
    {"release", "ADDRESS…|--all", "give devices back to the drivers they came from", MOVES, 0, MANY,
     vv_verb_release, vv_release_options},
    {"rom dump", "ADDRESS", "copy a card's VBIOS into a file", VV_NEEDS_ROOT | VV_CHANGES, 1, 1,
     vv_verb_rom_dump, vv_rom_dump_options},
    {"rom check", "FILE|ADDRESS", "which images a VBIOS has, and whether they are sound", REPORTS, 1, 1,
     vv_verb_rom_check, vv_rom_check_options},
    {"rom fix", "FILE -o FILE", "cut a VBIOS to what a guest needs, and mend it", VV_HAS_JSON, 1, 1,
     vv_verb_rom_fix, vv_rom_fix_options},
    {"rom extract", "FILE -o FILE", "take one image out of a VBIOS", VV_NEEDS_NOTHING, 1, 1,
     vv_verb_rom_extract, vv_rom_extract_options},
    {"define", "FILE", "make a libvirt domain from a VM file", VV_NEEDS_ROOT | VV_HAS_DRY_RUN, 1, 1,
     vv_verb_define, vv_vm_options},
    {"xml", "FILE", "print the domain XML of a VM file; needs no root, libvirt or devices", VV_NEEDS_NOTHING,
     1, 1, vv_verb_xml, vv_vm_options},
    {"hook install", "", "have libvirt take and give back devices whoever starts the domain", VV_NEEDS_ROOT,
     0, 0, vv_verb_hook_install, NULL},
    {"hook remove", "", "undo 'hook install'", VV_NEEDS_ROOT, 0, 0, vv_verb_hook_remove, NULL},
    {"hook status", "", "whether the hook is installed, and libvirt will run it", REPORTS, 0, 0,
     vv_verb_hook_status, NULL},
    {"start", "DOMAIN [--wait|--keep]", "take a domain's devices and start it", MOVES, 1, 1, vv_verb_start,
     vv_start_options},
    {"stop", "DOMAIN", "ask the guest to shut down, and give its devices back", MOVES, 1, 1, vv_verb_stop,
     vv_stop_options},
    {"recover", "", "bring back what an interrupted virt-vfio left behind", MOVES, 0, 0, vv_verb_recover,
     NULL},
    {"status", "", "what is taken, for whom, since when; and the domains with devices", REPORTS, 0, 0,
     vv_verb_status, NULL},
    {0},
};
