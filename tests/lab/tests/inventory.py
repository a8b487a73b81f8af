"""The second opinion of inventory.sh: "markdown FILE", "json FILE" and "picture FILE" look for every function of lspci."""
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

PCI = "/sys/bus/pci/devices"
SVG = "{http://www.w3.org/2000/svg}"

problems = []


def check(what, got, wanted):
    if got != wanted:
        problems.append(f"{what}: {got!r} instead of {wanted!r}")


def lspci():
    text = subprocess.run(["lspci", "-D", "-n", "-vmmk"], check=True, capture_output=True, text=True).stdout
    for block in text.strip().split("\n\n"):
        yield dict(line.split(":\t", 1) for line in block.splitlines() if ":\t" in line)


def markdown(text):
    sections = {part.split(" ", 1)[0]: part for part in text.split("\n### ")[1:]}
    functions = {block["Slot"]: block for block in lspci()}
    check("sections", sorted(sections), sorted(functions))
    for address, block in functions.items():
        part = sections.get(address, "")
        ids = re.search(r"^- Ids: (\S+), subsystem (\S+), class (\S+)$", part, re.M)
        check(f"{address} ids", ids and ids[1], f"{block['Vendor']}:{block['Device']}")
        check(f"{address} class", ids and ids[3][:4], block["Class"])
        if "SVendor" in block:
            check(f"{address} subsystem", ids and ids[2], f"{block['SVendor']}:{block.get('SDevice', '0000')}")
        driver = re.search(r"^- Driver: `?([^`\n]*)`?$", part, re.M)
        check(f"{address} driver", driver and driver[1], block.get("Driver", "none"))
        group = re.search(r"^- IOMMU group: (\d+)", part, re.M)
        check(f"{address} group", group and group[1], block["IOMMUGroup"])
        check(f"{address} table", len(re.findall(rf"^\| {re.escape(address)} +\|", text, re.M)), 1)


def report(text):
    devices = {device["address"]: device for device in json.loads(text)["devices"]}
    functions = {block["Slot"]: block for block in lspci()}
    check("devices", sorted(devices), sorted(functions))
    for address, block in functions.items():
        device = devices[address]
        check(f"{address} ids", (device["vendor"], device["device"]), (block["Vendor"], block["Device"]))
        check(f"{address} driver", device["driver"], block.get("Driver"))
        check(f"{address} group", str(device["group"]), block["IOMMUGroup"])
        above = os.path.basename(os.path.dirname(os.path.realpath(f"{PCI}/{address}")))
        check(f"{address} parent", device["parent"], None if above.startswith("pci") else above)


def corners(rect):
    x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def picture(text):
    root = xml.etree.ElementTree.fromstring(text)
    drawn = [group.get("id")[4:].replace("-", ":", 2) for group in root.iter(f"{SVG}g") if group.get("class") == "device"]
    folded = [group.find(f"{SVG}title").text for group in root.iter(f"{SVG}g") if group.get("class") == "folded"]
    # "7 idle VFs of 0000:05:00.0: 0000:05:10.0 …"
    drawn += [address for title in folded for address in title.split(": ", 1)[1].split()]
    check("functions", sorted(drawn), sorted(block["Slot"] for block in lspci()))
    boxes = [corners(rect) for rect in root.iter(f"{SVG}rect") if rect.get("class") == "box"]
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]:
                problems.append(f"boxes overlap: {a} and {b}")


with open(sys.argv[2], encoding="utf-8") as file:
    {"markdown": markdown, "json": report, "picture": picture}[sys.argv[1]](file.read())
print("\n".join(problems))
sys.exit(bool(problems))
