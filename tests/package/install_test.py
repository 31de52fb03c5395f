#!/usr/bin/env python3
"""What `cmake --install` puts in place: units, sandbox, users, directories, and that the packages divide all of it.

Usage: install_test.py --build DIRECTORY; one line per check, exit 1 where one fails. Needs no root.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
EXPOSURE = 1.5  # of systemd-analyze security, at most
CHECKS = []


class Skip(Exception):
    """What this machine cannot show; the text is the reason."""


def check(title):
    """Marks a function (root) as a check of the installed tree."""
    def mark(function):
        CHECKS.append((title, function))
        return function
    return mark


def run(*words, code=0, **options):
    """Standard output and error of a command that ends with the code."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    assert done.returncode == code, f"{words[0]} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def needs(tool):
    if not shutil.which(tool):
        raise Skip(f"there is no {tool}")


def installed(root):
    """The files in the installed tree, as the system would name them; units by one name wherever a system has them."""
    names = [str(path)[len(str(root)):] for path in root.rglob("*") if path.is_file()]
    return sorted(re.sub("^/lib/", "/usr/lib/", name) for name in names)


def unit(root, name):
    """The file of a unit."""
    return next(root.rglob(name))


def settings(path):
    """The lines KEY=VALUE of a unit, with all values of a key."""
    found = {}
    for line in path.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


@check("posternd.service: exposure at most 1.5, one capability, a user of its own, started again for ever")
def sandbox(root):
    needs("systemd-analyze")
    told = run("systemd-analyze", "security", "--offline=true", f"--threshold={int(EXPOSURE * 10)}",
               unit(root, "posternd.service"))
    exposure = float(re.search(r"exposure level for posternd.service: ([0-9.]+)", told).group(1))
    assert exposure <= EXPOSURE, exposure
    said = settings(unit(root, "posternd.service"))
    assert said["AmbientCapabilities"] == said["CapabilityBoundingSet"] == ["CAP_NET_ADMIN"], said
    assert (said["User"], said["Restart"], said["Type"]) == (["postern"], ["always"], ["notify"]), said
    assert "StateDirectory" not in said, "rules/ would come to belong to the daemon's user"
    return f"{exposure}"


@check("postern-rules.service: before the network, behind other firewalls, and no part of them")
def ordering(root):
    said = settings(unit(root, "postern-rules.service"))
    after, before = " ".join(said["After"]).split(), " ".join(said["Before"]).split()
    wants = " ".join(said["Wants"]).split()
    assert "network-pre.target" in before and "network-pre.target" in wants, said
    assert "modprobe@nf_conntrack.service" in wants and "modprobe@nf_conntrack.service" in after, said
    for other in ("nftables", "netfilter-persistent", "ufw", "firewalld"):
        assert f"{other}.service" in after, f"not behind {other}"
    assert not {"PartOf", "BindsTo", "Requires", "StopPropagatedFrom"} & said.keys(), said


@check("both units are sound, and every program that they start is installed")
def verify(root):
    needs("systemd-analyze")
    told = ""
    for name in ("posternd.service", "postern-rules.service"):
        target = root / "etc/systemd/system"
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(unit(root, name), target)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit(root, name)], capture_output=True,
                              text=True, check=False)
        told += "".join(line + "\n" for line in done.stderr.splitlines() if "is not executable" not in line)
        for program in re.findall(r"^Exec\w+=-?(\S+)", unit(root, name).read_text(), re.M):
            assert (root / program.lstrip("/")).is_file(), f"{name} starts {program}"
    shutil.rmtree(root / "etc/systemd")
    assert told == "", told


@check("the user and the directories are made; the policy's and the rules' are root's, sticky, the daemon's group's")
def directories(root):
    needs("systemd-sysusers")
    (root / "etc").mkdir(exist_ok=True)
    run("systemd-sysusers", f"--root={root}", "--dry-run", root / "usr/lib/sysusers.d/postern.conf")
    lines = (root / "usr/lib/tmpfiles.d/postern.conf").read_text().splitlines()
    made = {words[1]: words[2:5] for words in map(str.split, lines) if words and words[0] == "d"}
    assert made == {"/etc/postern": ["1770", "root", "postern"], "/var/lib/postern": ["1770", "root", "postern"],
                    "/var/lib/postern/rules": ["0700", "root", "root"],
                    "/etc/postern/clients.d": ["0750", "root", "postern"],
                    "/var/log/postern": ["0750", "postern", "postern"],
                    "/var/cache/postern": ["0750", "postern", "postern"]}, made
    writable = " ".join(settings(unit(root, "posternd.service"))["ReadWritePaths"])
    for path in ("/etc/postern", "/var/lib/postern"):
        assert path in writable, f"{path} is read-only for the daemon"


@check("the example's log, socket and state lie where the units make room")
def example(root):
    text = (root / "usr/share/postern/examples/postern.yaml").read_text()
    said = settings(unit(root, "posternd.service"))
    assert "/var/lib/postern" in text and said["RuntimeDirectory"] == said["LogsDirectory"] == ["postern"], said
    assert "/var/cache/postern/anchor" in text and said["CacheDirectory"] == ["postern"], said
    assert "/run/postern/control.sock" in text and "/var/log/postern/verdicts.json" in text
    run(root / "usr/sbin/posternctl", "-c", root / "usr/share/postern/examples/postern.yaml", "check", "--no-secrets")


@check("the AppArmor profile parses")
def profile(_):
    needs("apparmor_parser")
    run("apparmor_parser", "--skip-kernel-load", "--skip-cache", SOURCE / "packaging/common/usr.sbin.posternd")


@check("logrotate takes its file")
def rotation(root):
    needs("logrotate")
    file = next(root.rglob("logrotate.d/postern-gateway"))
    text = file.read_text().replace("\tsu postern postern\n", "")  # this machine need not have the user
    assert text != file.read_text()
    told = run("logrotate", "--debug", "/dev/stdin", input=text)
    assert "error:" not in told, told


def listed(text):
    """The patterns of an .install file."""
    return [line.replace("${env:UNITDIR}", "usr/lib/systemd/system") for line in text.split() if line]


@check("the debs divide all that is installed between gateway and client, and nothing else")
def divided(root):
    everything = installed(root)
    for part in ("gateway", "client"):
        patterns = listed((SOURCE / f"packaging/deb/postern-{part}.install").read_text())
        patterns = [one for one in patterns if "apparmor.d" not in one]
        for pattern in patterns:
            stem = "/" + pattern.removesuffix("/*.service")
            mine = [name for name in everything if name == stem or name.startswith(stem + "/")]
            assert mine, f"postern-{part}.install names {pattern}, which is not installed"
            everything = [name for name in everything if name not in mine]
    assert everything == [], f"in no package: {everything}"


@check("one version everywhere")
def version(_):
    cmake = re.search(r"project\(postern VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
    deb = re.match(r"postern \((\S+)\)", (SOURCE / "packaging/deb/changelog").read_text()).group(1)
    rpm = re.search(r"^Version:\s+(\S+)", (SOURCE / "packaging/rpm/postern.spec").read_text(), re.M).group(1)
    assert cmake == deb == rpm, f"CMake has {cmake}, deb {deb}, rpm {rpm}"
    return cmake


def install(build, scratch):
    """The tree as packages have it, below /usr, whatever prefix the build was made for."""
    cache = (pathlib.Path(build) / "CMakeCache.txt").read_text()
    prefix = re.search(r"^CMAKE_INSTALL_PREFIX:\w+=(.*)$", cache, re.M).group(1)
    run("cmake", "--install", build, env={**os.environ, "DESTDIR": scratch})
    if prefix == "/usr":
        return
    root, inside = pathlib.Path(scratch), prefix.lstrip("/")
    shutil.move(root / inside / "etc", root / "etc")
    shutil.move(root / inside, root / "installed")
    shutil.copytree(root / "installed", root / "usr", dirs_exist_ok=True)  # units may be there already
    shutil.rmtree(root / "installed")
    for path in root.rglob("*.service"):
        path.write_text(path.read_text().replace(f"{prefix}/sbin", "/usr/sbin"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        install(options.build, scratch)
        for title, function in CHECKS:
            try:
                detail = function(pathlib.Path(scratch))
                print(f"ok      {title}{': ' + detail if detail else ''}")
            except Skip as reason:
                print(f"skipped {title}: {reason}")
            except AssertionError as error:
                failed += 1
                print(f"FAIL    {title}: {error}")
    sys.exit(1 if failed else 0)


main()
