# ruff: noqa: E501  commands write long lines
"""What commands and files of real nodes say, trimmed: the seeds of the fuzzed parsers."""

from __future__ import annotations

import json
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def fixture(name):
    """Return the text of a file of tests/fixtures."""
    return (FIXTURES / name).read_text(encoding="utf-8")


def realworld(name):
    """Return the text of a file of tests/fixtures/realworld."""
    return fixture(f"realworld/{name}")


CPUINFO = """\
processor\t: 0
model name\t: AMD EPYC
cpu MHz\t\t: 2399.998
physical id\t: 0
core id\t\t: 0

processor\t: 1
model name\t: AMD EPYC
cpu MHz\t\t: 3100.5
physical id\t: 0
core id\t\t: 1
"""
OS_RELEASE = (
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nHOME_URL="https://distribution.example/?a=b"\n'
)
MEMINFO = "MemTotal:       16316412 kB\nMemAvailable:    9316412 kB\nSwapTotal: 8 kB\nSwapFree: 6 kB\nHugePages_Total:       0\n"
IP_ADDR = "1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 10.89.0.2/24 brd 10.89.0.255 scope global eth0\n"
IP_ROUTE = "10.0.0.7 dev eth0 src 10.0.0.6 uid 0 \\    cache \n"
IP_LINK = "2: eth0: <UP> mtu 1500 qdisc mq state UP\\    link/ether 52:54:00:00:00:01 promiscuity 0 minmtu 68 maxmtu 9194 \n"
ETHTOOL = """\
Settings for eth0:
\tSupported ports: [ TP ]
\tSupported link modes:   100baseT/Full
\t                        1000baseT/Full
\t                        10000baseT/Full
\tSupported pause frame use: Symmetric
\tLink partner advertised link modes:  100baseT/Full
\t                                     1000baseT/Full
\tSpeed: 1000Mb/s
"""
PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:18EC 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 31337 1 0 100 0 0 10 0
   1: 0100007F:18EC 0100007F:9C40 01 00000000:00000000 00:00000000 00000000   999        0 31338 1 0 20 4 30 10 -1
"""
PROC_NET_TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 7 1
   1: 0000000000000000FFFF00000100007F:18EC 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 8 1
"""
FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
        |-- 10.89.0.2
           /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
"""
STAT = "812 (Web Content (2)) R 1 812 812 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 100 1000 10 18446744073709551615 0 0"
CGROUP = "0::/system.slice/saf-ray.service\n"
CGROUP_1 = "12:memory:/docker/abc\n11:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n"
LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units
Max processes             unlimited            unlimited            processes
Max open files            1024                 524288               files
"""
SYSTEMD_VERSION = "systemd 252 (252.22-1~deb12u1)\n+PAM +AUDIT default-hierarchy=unified\n"
SYSTEMCTL_SHOW = """\
LoadState=loaded
ActiveState=active
NRestarts=3
ActiveEnterTimestampMonotonic=5000000
MainPID=812
ExecStart={ path=/opt/saf/venvs/1/bin/ray ; argv[]=/opt/saf/venvs/1/bin/ray start --node-ip-address=10.0.0.2 --address=10.0.0.1:6380 }
"""
PS_ETIME = "   2-03:04:05\n"
SYSCTL = (
    "machdep.cpu.brand_string: Apple M2 Ultra\nhw.logicalcpu: 24\nvm.swapusage: total = 1024.00M  used = 1.50M  free = 1022.50M\n"
)
SW_VERS = "ProductName:\t\tmacOS\nProductVersion:\t\t26.1\nBuildVersion:\t\t25B78\n"
VM_STAT = """\
Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               1.
Pages active:                            99.
Pages inactive:                           1.
Pages speculative:                        1.
"""
DISPLAYS = json.dumps(
    {
        "SPDisplaysDataType": [
            {
                "_name": "Apple M3 Max",
                "spdisplays_vendor": "sppci_vendor_Apple",
                "spdisplays_mtlgpufamilysupport": "spdisplays_metal4",
                "sppci_cores": "40",
                "sppci_model": "Apple M3 Max",
            }
        ]
    }
)
PMSET = (
    " System-wide power settings:\nCurrently in use:\n standby              0\n lowpowermode         1\n womp                 1\n"
)
PMSET_BATT = "Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t100%; charged; 0:00 remaining present: true\n"
PMSET_THERM = "2026-11-23 CPU_Scheduler_Limit \t= 100\n CPU_Speed_Limit \t= 70\n"
PMGR = '  "voltage-states1" = <00f1536500000000b4c40400a0860100>\n  "voltage-states5-sram" = <005ea6000f270000>\n'
IFCONFIG = """\
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384
\tinet 127.0.0.1 netmask 0xff000000
en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\toptions=567<RXCSUM,TXCSUM,VLAN_MTU,TSO4,TSO6,AV,CHANNEL_IO>
\tinet 10.254.100.2 netmask 0xffff0000 broadcast 10.254.255.255
\tmedia: autoselect (10Gbase-T <full-duplex,flow-control>)
\tstatus: active
bridge0: flags=8863<UP> mtu 1500
\tmember: en2 flags=3<LEARNING,DISCOVER>
\tbond interfaces: en3 en4
\tvlan: 7 parent interface: en0
"""
HARDWARE_PORTS = """

Hardware Port: Thunderbolt Bridge
Device: bridge0
Ethernet Address: 36:45:32:36:80:00

Hardware Port: Wi-Fi
Device: en0
Ethernet Address: c0:c7:db:25:b8:a1
"""
ROUTE = "   route to: 10.0.0.2\ndestination: 10.0.0.0\n  interface: en0\n      flags: <UP,DONE>\n"
VALID_MEDIA = "autoselect\n100baseTX <full-duplex>\n10Gbase-T <full-duplex>\nnone\n"
MTU_RANGE = "Valid MTU Range: 1280-9000\n"
PS = """  301     1 123:45.67 /System/Library/Frameworks/CoreServices.framework/Support/mds_stores
 4711   301   0:00.30 /Applications/My App.app/Contents/MacOS/My App
  812     1 1-02:03:04 sshd
"""
PS_ARGS = "  301 root /usr/libexec/mds\n 4711 _saf /opt/saf/current/bin/python ray start --head\n"
LSOF = "p812\ncPython\nf7\nn*:6380\nn127.0.0.1:8265\np900\ncsshd\nn[::1]:22\n"
IOREG = (
    '"PerformanceStatistics" = {"In use system memory (driver)"=0,"Tiler Utilization %"=10,"Device Utilization %"=16}\n'
    '"PerformanceStatistics" = {"Device Utilization %"=4}'
)
POWERMETRICS = """**** GPU usage ****

GPU HW active frequency: 444 MHz
GPU HW active residency:  20.50% (338 MHz:   0% 618 MHz:  20%)
GPU idle residency:  79.50%
"""
LAUNCHCTL = """system/com.example.daemon = {
\tactive count = 1
\tstate = running

\targuments = {
\t\t/usr/local/bin/exampled
\t\tstart
\t}

\tenvironment = {
\t\tXPC_SERVICE_NAME => com.example.daemon
\t}

\truns = 3
\tpid = 893
\tlast exit code = 78: EX_CONFIG

\tresource coalition = {
\t\tID = 397
\t\tpid = 1
\t}
}
"""
DISABLED = 'disabled services = {\n\t\t"org.studio-air-fabric.ray" => enabled\n\t\t"com.example" => true\n}\n'
RECORD = "ray/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\nray/x.pyc,,\nray-2.49.1.dist-info/RECORD,,\n"
RAY_ENV = 'RAY_TMPDIR="/opt/saf/ray/tmp"\nRAY_x="a \\"b\\" \\$c \\`d\\` \\\\"\nexport PLAIN=7 8\n'
RAY_LOG = """\
2026-11-23 18:42:20,935\tINFO scripts.py:1 -- Local node IP: 10.0.0.2
2026-11-23 18:42:21,935\tERROR node.py:2 -- OSError: [Errno 28] No space left on device
Some Ray subprocesses exited unexpectedly:
"""
BREW = """\
==> Fetching python@3.9
curl: (56) The requested URL returned error: 404
Error: Failed to download resource "python@3.9"
"""
APT = "Reading package lists...\nE: Unable to locate package iperf3\nErr:1 http://mirror.example bookworm InRelease\n"
MANIFEST = json.dumps(
    {
        "version": 1,
        "entries": [
            {"kind": "directory", "name": "/opt/saf", "recorded": "2026-11-23T18:25:00Z"},
            {"kind": "file", "name": "/etc/x", "previous": {"content": "eA==", "mode": 420, "uid": 0, "gid": 0}},
            {"kind": "power_setting", "name": "sleep", "previous": {"by_source": {"AC Power": "1"}}},
        ],
    }
)
PID_FILE = json.dumps({"pid": 4711, "started": "12345", "uid": 1000, "argv": ["/bin/ray", "start"], "definition": "ab"})
MARKER = json.dumps({"python_version": "3.11.9", "digest": "ab", "fingerprint": "cd", "distributions": {"ray": "2.49.1"}})
WATCHDOG_STATE = json.dumps({"pid": 7, "since": 10.5, "asked": 11.0, "strikes": 1, "unanswered": 12.0, "failure": "x"})
WATCHDOG_ANSWER = '{"asking": true}\nnoise\n{"alive": true}\n'
PYVENV = "home = /usr/bin\nimplementation = CPython\nversion_info = 3.11.9\n"
LISTAPPS = "ALF: total number of apps = 2 \n\n1 :  /usr/bin/python3 \n\t ( Allow incoming connections ) \n\n2 :  /Applications/A b.app \n"
HIDDEN_USERS = '(\n    "_saf",\n    other\n)\n'
RAYLET = "/opt/saf/my venv/lib/python3.11/site-packages/ray/core/src/ray/raylet/raylet --raylet_socket_name=/x --node_manager_port=6381"
