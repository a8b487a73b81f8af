"""The second opinion of list.sh: "compare FILE" checks list --json against lspci and sysfs, "record FOLDER" copies what
sysfs says about PCI devices."""
import json
import os
import subprocess
import sys

PCI = "/sys/bus/pci/devices"
# By the names of the machine file, so that no class code has to be looked up twice in the same way.
KINDS = {"hostvga": "gpu", "gpu": "gpu", "audio": "audio", "nic0": "nic", "nic1": "nic", "igb": "nic", "hba": "hba",
         "nvme0": "nvme", "nvme1": "nvme", "nvme2": "nvme", "nvme3": "nvme", "usb": "usb", "noacs0": "nic",
         "noacs1": "usb", "edu": "other"}
# Drivers that the kernel lets stay in a group that VFIO owns (driver_managed_dma), and VFIO's own.
HARMLESS = {None, "vfio-pci", "pci-stub", "pcieport"}

problems = []


def check(what, got, wanted):
    if got != wanted:
        problems.append(f"{what}: {got!r} instead of {wanted!r}")


def read(address, attribute):
    try:
        with open(f"{PCI}/{address}/{attribute}", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def link(path):
    return os.path.basename(os.readlink(path)) if os.path.islink(path) else None


def lspci(*options):
    text = subprocess.run(["lspci", "-D", "-vmmk", *options], check=True, capture_output=True, text=True).stdout
    for block in text.strip().split("\n\n"):
        yield dict(line.split(":\t", 1) for line in block.splitlines() if ":\t" in line)


def lab_names():
    names = {}
    for line in open("/lab/devices", encoding="ascii"):
        name, slot, behind, function = line.split()[:4]
        address = f"0000:00:{int(slot):02x}.{0 if behind == '1' else function}"
        if behind == "1":
            below = [a for a in os.listdir(f"{PCI}/{address}") if a.endswith(f":00.{function}") and a.count(":") == 2]
            address = below[0] if below else None
        names[address] = name
    return names


def check_device(address, device, numbers, words, names):
    def same(key, wanted):
        check(f"{address} {key}", device[key], wanted)

    same("class", numbers["Class"])
    same("vendor", numbers["Vendor"])
    same("device", numbers["Device"])
    same("driver", numbers.get("Driver"))
    same("driver", link(f"{PCI}/{address}/driver"))
    same("group", int(numbers["IOMMUGroup"]))
    same("group", int(link(f"{PCI}/{address}/iommu_group")))
    if "SVendor" in numbers:
        same("subsystem", f"{numbers['SVendor']}:{numbers.get('SDevice', '0000')}")
    # Where pci.ids does not know a name, lspci makes one up.
    if not words["Vendor"].startswith("Vendor ") and not words["Device"].startswith("Device "):
        same("name", f"{words['Vendor']} {words['Device']}")
    same("reset_methods", (read(address, "reset_method") or "").split())
    same("rom", os.path.exists(f"{PCI}/{address}/rom"))
    same("boot_vga", read(address, "boot_vga") == "1")
    numa = int(read(address, "numa_node") or -1)
    same("numa_node", numa if numa >= 0 else None)
    total = read(address, "sriov_totalvfs")
    same("sriov", {"total": int(total), "current": int(read(address, "sriov_numvfs"))} if total else None)
    if address in names:
        same("kind", "bridge" if names[address].endswith("-port") else KINDS[names[address]])


def check_groups(groups):
    base = "/sys/kernel/iommu_groups"
    check("groups", [g["id"] for g in groups], sorted(int(g) for g in os.listdir(base)))
    for group in groups:
        members = sorted(os.listdir(f"{base}/{group['id']}/devices"))
        viable = all(link(f"{PCI}/{m}/driver") in HARMLESS for m in members)
        check(f"group {group['id']} members", group["members"], members)
        check(f"group {group['id']} viable", group["viable"], viable)


def compare(path):
    with open(path, encoding="utf-8") as file:
        listed = json.load(file)
    devices = {d["address"]: d for d in listed["devices"]}
    numbers = {b["Slot"]: b for b in lspci("-n")}
    words = {b["Slot"]: b for b in lspci()}
    names = lab_names()
    check("devices", [d["address"] for d in listed["devices"]], sorted(os.listdir(PCI)))
    check("devices", sorted(devices), sorted(numbers))
    check("devices of the machine file that are not there", [n for a, n in names.items() if a not in devices], [])
    for address in devices:
        check_device(address, devices[address], numbers[address], words[address], names)
    bridges = [a for a in devices if names.get(a, "").endswith("-port")]
    for address in devices:
        blocked = "not-endpoint" in [r["code"] for r in devices[address]["reasons"]]
        if address in names:
            check(f"{address} not-endpoint", blocked, address in bridges)
    check_groups(listed["groups"])
    print("\n".join(problems))
    return bool(problems)


def record(target):
    """Files that can be read without side effects, the links between them, and the journal's absence."""
    attributes = ["class", "vendor", "device", "subsystem_vendor", "subsystem_device", "uevent", "modalias", "config",
                  "numa_node", "boot_vga", "driver_override", "reset_method", "sriov_totalvfs", "sriov_numvfs"]
    for address in os.listdir(PCI):
        real = os.path.realpath(f"{PCI}/{address}")
        os.makedirs(target + real, exist_ok=True)
        for name in attributes:
            if os.path.exists(f"{real}/{name}"):
                with open(f"{real}/{name}", "rb") as source, open(f"{target}{real}/{name}", "wb") as copy:
                    copy.write(source.read())
        if os.path.exists(f"{real}/rom"):
            open(f"{target}{real}/rom", "wb").close()
        for name in ("driver", "iommu_group", "physfn"):
            if os.path.islink(f"{real}/{name}"):
                os.symlink(os.readlink(f"{real}/{name}"), f"{target}{real}/{name}")
        os.makedirs(target + PCI, exist_ok=True)
        os.symlink(os.readlink(f"{PCI}/{address}"), f"{target}{PCI}/{address}")
    for driver in os.listdir("/sys/bus/pci/drivers"):
        os.makedirs(f"{target}/sys/bus/pci/drivers/{driver}")
    base = "/sys/kernel/iommu_groups"
    for group in os.listdir(base):
        os.makedirs(f"{target}{base}/{group}/devices")
        for member in os.listdir(f"{base}/{group}/devices"):
            os.symlink(os.readlink(f"{base}/{group}/devices/{member}"), f"{target}{base}/{group}/devices/{member}")


sys.exit({"compare": compare, "record": record}[sys.argv[1]](sys.argv[2]))
