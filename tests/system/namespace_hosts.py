"""Hosts for tests in Python: namespaces of network, mounts, names and processes, on one bridge.

Each host looks like a machine of its own: /usr, /etc and /run are its own copies or overlays, and
/vstorage/disk1 is its disk; what it installs, writes there or starts is gone with it. Needs root,
and touches nothing of the machine's own network or file systems:

    with Network(folder) as network:
        host = network.add_host('host1', '10.0.0.1', checkout=folder, keeps=[build])
        host.run('hostname', ...)
"""
import os
import pathlib
import shlex
import signal
import subprocess
import time

# Makes the root of a host, under $root on a file system of its own, and becomes its first process.
# What stands at the top of the machine is seen unchanged, but for what a host has of its own.
BECOME_HOST = r'''
set -e
mount --make-rprivate /
hostname "$name"
mount -t tmpfs host "$root"
cd "$root"
mkdir -p etc run tmp vstorage/disk1 proc usr .own/usr .own/work
chmod 1777 tmp
for entry in /*; do
    own=${entry#/}
    if [ -L "$entry" ]; then
        cp -P "$entry" "$own"
    elif [ -d "$entry" ] && [ ! -e "$own" ]; then
        mkdir "$own"
        mount --rbind "$entry" "$own"
    fi
done
cp -a /etc/. etc/
rm -rf etc/vstorage etc/systemd/system/vstorage-*
mount -t overlay usr -o lowerdir=/usr,upperdir=.own/usr,workdir=.own/work usr
mount --bind "$disk" vstorage/disk1
mount -t proc proc proc
for folder in "${keeps[@]}"; do
    mkdir -p ".$folder"
    mount --rbind "$folder" ".$folder"
done
for pair in "${hides[@]}"; do
    mount --bind "${pair#*=}" ".${pair%%=*}"
done
exec chroot . sleep infinity
'''


def is_possible():
    """Whether this machine lets us make such hosts: root, namespaces, overlays."""
    attempt = '''set -e; mount -t tmpfs t /mnt; cd /mnt; mkdir upper work usr proc
                 mount -t overlay o -o lowerdir=/usr,upperdir=upper,workdir=work usr
                 mount -t proc p proc'''
    command = ['unshare', '--net', '--mount', '--uts', '--pid', '--fork', 'bash', '-c', attempt]
    return subprocess.run(command, capture_output=True).returncode == 0


def wait_until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {seconds} s in vain: {what}')
        time.sleep(0.05)


def namespace_of(pid, kind):
    return os.readlink(f'/proc/{pid}/ns/{kind}')


class Host:
    def __init__(self, name, folder, keeps, hides):
        self.name = name
        folder.mkdir(parents=True)
        (folder / 'root').mkdir()
        (folder / 'disk').mkdir()
        words = ' '.join(shlex.quote(str(path)) for path in keeps)
        pairs = ' '.join(shlex.quote(f'{place}={own}') for place, own in hides.items())
        settings = (f'name={name} root={shlex.quote(str(folder / "root"))} '
                    f'disk={shlex.quote(str(folder / "disk"))} keeps=({words}) hides=({pairs})\n')
        self.log = folder / 'log'
        with open(self.log, 'wb') as log:
            self.starter = subprocess.Popen(
                ['unshare', '--net', '--mount', '--uts', '--pid', '--fork', '--kill-child',
                 'bash', '-c', settings + BECOME_HOST],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_until(self.is_up, f'{name} is there: {self.log.read_text()}')

    def first_process(self):
        path = f'/proc/{self.starter.pid}/task/{self.starter.pid}/children'
        children = pathlib.Path(path).read_text().split()
        return int(children[0]) if children else 0

    def is_up(self):
        if self.starter.poll() is not None:
            raise AssertionError(f'{self.name} cannot be made: {self.log.read_text()}')
        pid = self.first_process()
        return pid and pathlib.Path(f'/proc/{pid}/comm').read_text().strip() == 'sleep'

    def command(self, *words, folder='/'):
        """The command line that runs these words on this host."""
        return ['nsenter', f'--target={self.first_process()}', '--net', '--mount', '--uts', '--pid',
                '--root', f'--wd=/proc/{self.first_process()}/root{folder}', *words]

    def run(self, *words, **options):
        return subprocess.run(self.command(*words), check=True, stdin=subprocess.DEVNULL, **options)

    def put(self, path, text, mode=0o644):
        """A file of this host's own."""
        self.run('bash', '-c', f'mkdir -p {os.path.dirname(path)}')
        subprocess.run(self.command('bash', '-c', f'cat >{path}; chmod {mode:o} {path}'),
                       check=True, input=text.encode())

    def stop(self):
        """As if its plug were pulled: with the first process all others end."""
        self.starter.send_signal(signal.SIGKILL)
        self.starter.wait()


class Network:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.hosts = []
        self.switch = None

    def __enter__(self):
        self.switch = subprocess.Popen(['unshare', '--net', 'sleep', 'infinity'],
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until(lambda: namespace_of(self.switch.pid, 'net') != namespace_of('self', 'net'),
                   'the switch has a network of its own')
        self.on_switch('link', 'add', 'bridge', 'type', 'bridge')
        self.on_switch('link', 'set', 'bridge', 'up')
        return self

    def __exit__(self, *_):
        for host in self.hosts:
            host.stop()
        self.switch.kill()
        self.switch.wait()

    def on_switch(self, *words):
        subprocess.run(['nsenter', f'--net=/proc/{self.switch.pid}/ns/net', 'ip', *words],
                       check=True)

    def add_host(self, name, address=None, keeps=(), hides=None):
        """A host at this address. `keeps`: folders that it sees as they are, wherever they lie;
        `hides`: folder -> folder that it sees in its place."""
        host = Host(name, self.folder / name, keeps, hides or {})
        self.hosts.append(host)
        host.run('ip', 'link', 'set', 'lo', 'up')
        if address:
            port = f'port{len(self.hosts)}'
            self.on_switch('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns',
                           str(host.first_process()))
            self.on_switch('link', 'set', port, 'master', 'bridge', 'up')
            host.run('ip', 'address', 'add', f'{address}/24', 'dev', 'eth0')
            host.run('ip', 'link', 'set', 'eth0', 'up')
        return host
