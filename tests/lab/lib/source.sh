# shellcheck shell=bash
# Where the lab's Debian packages come from. Sourced by fetch and boot/image.

# shellcheck disable=SC2034 # for those who source this
release=bookworm

# Where the host's own Debian packages come from. Before its first apt-get update the index has no origin yet: then the
# release name in the entry has to do.
host_uri() {
	apt-get indextargets --format "\$(ORIGIN)|\$(LABEL)|\$(RELEASE)|\$(REPO_URI)" 'Created-By: Packages' 2>/dev/null |
		awk -F'|' -v r="$release" '
			$1 == "Debian" && $2 == "Debian" && !best { best = $4 }
			$3 == r && !entry { entry = $4 }
			END { print best ? best : entry }'
}

# Lines for sources.list.
source_lines() { # URI SUITE...
	local uri=$1 key=/usr/share/keyrings/debian-archive-keyring.gpg suite
	shift
	[[ -r $key ]] || key=
	for suite; do
		printf 'deb [arch=amd64%s] %s %s main\n' "${key:+ signed-by=$key}" "$uri" "$suite"
	done
}
