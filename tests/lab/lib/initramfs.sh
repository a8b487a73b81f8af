# shellcheck shell=bash
# Builds the initramfs that carries the lab's kernel to the host's root. Sourced by run.

# Only what is needed to see the host's root and to talk back; all else is loaded from there.
initramfs_modules=(virtio_pci 9pnet_virtio 9p overlay virtio_console)

initramfs_copy_modules() { # KERNEL-FOLDER TARGET
	local version module path
	version=$(<"$1/version")
	mkdir -p "$2/modules"
	for module in "${initramfs_modules[@]}"; do
		# Prints "insmod PATH" per dependency, in the order to load them, and "builtin NAME".
		modprobe -d "$1" -S "$version" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
		cp "$path" "$2/modules/"
		basename "$path" >>"$2/modules/order"
	done
}

# shellcheck disable=SC2154 # shares the variables of run

# Prints the folder of the modules that the machine sees: the fetched one, or with "set hide-modules" a copy without these,
# whose modules.dep does not know them, as if the kernel had been built so.
initramfs_modules_folder() { # KERNEL-FOLDER [MODULE...]
	local folder=$1 version key copy name path
	version=$(<"$1/version")
	shift
	(($#)) || { echo "$folder/lib/modules" && return; }
	key=$(printf '%s\n' "$@" | sha256sum)
	copy=$folder/without-${key:0:16}
	if [[ ! -e $copy ]]; then
		copy=$(mktemp -d "$folder/without.XXXXXX")
		mkdir -p "$copy/lib"
		cp -al "$folder/lib/modules" "$copy/lib/"
		for name; do
			path=$(modinfo -b "$folder" -k "$version" -n "$name") || path=
			[[ $path == /* ]] || fail 2 "$machine_path: this kernel has no module $name to hide"
			rm "$copy/${path#"$folder"/}"
		done
		# They are links to those of the whole folder, which depmod might write into.
		find "$copy/lib/modules/$version" -maxdepth 1 -name 'modules.*.bin' -delete
		depmod -b "$copy" "$version"
		mv -T "$copy" "$folder/without-${key:0:16}" 2>/dev/null || rm -rf -- "$copy"
		copy=$folder/without-${key:0:16}
	fi
	echo "$copy/lib/modules"
}

# Not compressed: the emulated processor would pay for it at every boot.
initramfs_pack() { (cd "$1" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$2"; }

initramfs_path() { # KERNEL-FOLDER LAB-FOLDER: prints the path of the finished file
	local key file tree
	key=$(cat "$2/lib/initramfs-init" "$2/lib/initramfs.sh" | sha256sum)
	file=$1/initramfs-${key:0:16}
	if [[ ! -e $file ]]; then
		tree=$(mktemp -d "$1/initramfs.XXXXXX")
		mkdir -p "$tree/root/bin"
		cp "$(command -v busybox)" "$tree/root/bin/busybox"
		cp "$2/lib/initramfs-init" "$tree/root/init"
		chmod 755 "$tree/root/init"
		initramfs_copy_modules "$1" "$tree/root"
		initramfs_pack "$tree/root" "$tree/packed"
		mv -T "$tree/packed" "$file"
		rm -rf -- "$tree"
		# Those of other versions of the lab may be in use by other work trees today.
		find "$1" -maxdepth 1 -name 'initramfs[-.]*' -mtime +2 -exec rm -rf -- {} +
	fi
	printf '%s\n' "$file"
}
