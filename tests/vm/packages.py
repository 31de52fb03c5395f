"""Installing, upgrading and removing postern's packages: debs by apt, or rpms by rpm, which looks for no requirements."""
import glob
import os

PLACE = os.path.abspath("../packages")
GATEWAY, CLIENT = "postern-gateway", "postern-client"


class Deb:
    """Debian's own kind. `sh` runs a command line and returns what it says."""
    names = "packages as apt installs them"

    def __init__(self, sh):
        self.sh, self.versions = sh, 0

    def _apt(self, words):
        return self.sh(f"DEBIAN_FRONTEND=noninteractive apt-get -y {words}", timeout=600)

    def install(self):
        """Both packages."""
        return self._apt(f"install --no-install-recommends {PLACE}/{GATEWAY}_*.deb {PLACE}/{CLIENT}_*.deb")

    def newer(self):
        """The gateway's package once more, as a later version."""
        self.versions += 1
        self.sh(f"rm -rf /tmp/new && dpkg-deb -R {PLACE}/{GATEWAY}_*.deb /tmp/new && "
                f"sed -i 's/^Version: .*/&+guest{self.versions}/' /tmp/new/DEBIAN/control && dpkg-deb -b /tmp/new /tmp/new.deb")
        return "/tmp/new.deb"

    def upgrade(self, package):
        """To what newer() made."""
        return self._apt(f"install {package}")

    def remove(self):
        """The gateway, but not what it was told and has learnt."""
        return self._apt(f"remove {GATEWAY}")

    def purge(self):
        """All that is left of it."""
        return self._apt(f"purge {GATEWAY}")


class Rpm:
    """The same by rpm, on a guest that has a database of debs."""
    names = "packages as rpm installs them"
    rpm = "rpm --force-debian --nodeps"

    def __init__(self, sh):
        self.sh, self.versions = sh, sorted(glob.glob(f"{PLACE}/newer*/{GATEWAY}-[0-9]*.rpm"))

    def install(self):
        """Both packages."""
        return self.sh(f"{self.rpm} -i {PLACE}/{GATEWAY}-[0-9]*.rpm {PLACE}/{CLIENT}-[0-9]*.rpm", timeout=600)

    def newer(self):
        """A later version of the gateway's package; there are two."""
        return self.versions.pop(0)

    def upgrade(self, package):
        """To one of these."""
        return self.sh(f"{self.rpm} -U {package}", timeout=600)

    def remove(self):
        """The gateway; rpm leaves the directories that are not empty."""
        return self.sh(f"{self.rpm} -e {GATEWAY}", timeout=600)


def packages(sh):
    """The kind that lies here; None where there is none."""
    for kind, ending in ((Deb, "deb"), (Rpm, "rpm")):
        if glob.glob(f"{PLACE}/*.{ending}"):
            return kind(sh)
    return None
