"""Installing, upgrading and removing postern's packages: debs by apt, or rpms by rpm, which looks for no requirements."""
import glob
import os

from guest import sh

PLACE = os.path.abspath("../packages")
GATEWAY, CLIENT = "postern-gateway", "postern-client"
SETTING = "/etc/logrotate.d/postern-gateway"


class Deb:
    """Debian's own kind; the README's own lines install it."""
    how = "packages as apt installs them"
    beside = ".dpkg-dist"  # a setting that ships otherwise, beside one that was changed here

    def __init__(self):
        self.versions = 0

    @staticmethod
    def _apt(words):
        return sh(f"DEBIAN_FRONTEND=noninteractive apt-get -y -o Dpkg::Options::=--force-confold {words}", timeout=600)

    def upgrade(self):
        """To the same once more, as a later version whose setting ships otherwise."""
        self.versions += 1
        sh(f"rm -rf /tmp/new && dpkg-deb -R {PLACE}/{GATEWAY}_*.deb /tmp/new && "
           f"sed -i 's/^Version: .*/&+guest{self.versions}/' /tmp/new/DEBIAN/control && "
           f"echo '# newer' >>/tmp/new{SETTING} && dpkg-deb -b /tmp/new /tmp/new.deb")
        return self._apt("install /tmp/new.deb")

    def remove(self):
        """The gateway, but not what it was told and has learnt."""
        return self._apt(f"remove {GATEWAY}")

    def purge(self):
        """All that is left of it."""
        return self._apt(f"purge {GATEWAY}")


class Rpm:
    """The same by rpm, on a guest that has a database of debs."""
    how = "packages as rpm installs them"
    beside = ".rpmnew"

    def __init__(self):
        self.next = [f"{PLACE}/newer", PLACE]  # one later version is there: the second upgrade goes back

    @staticmethod
    def _rpm(words):
        return sh(f"rpm --nodeps {words}", timeout=600)

    def install(self):
        """Both packages."""
        return self._rpm(f"-i {PLACE}/{GATEWAY}-[0-9]*.rpm {PLACE}/{CLIENT}-[0-9]*.rpm")

    def upgrade(self):
        """To another version."""
        return self._rpm(f"-U --oldpackage {self.next.pop(0)}/{GATEWAY}-[0-9]*.rpm")

    def remove(self):
        """The gateway; rpm leaves the directories that are not empty."""
        return self._rpm(f"-e {GATEWAY}")


def packages():
    """The kind that lies here; None where there is none."""
    for kind, ending in ((Deb, "deb"), (Rpm, "rpm")):
        if glob.glob(f"{PLACE}/*.{ending}"):
            return kind()
    return None
