"""What code outside src/runtime does not do: ask the machine, or depend on what differs by run.

Each ban names its reason or its replacement, and the few places that are exempt.
"""
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Ban:
    """A pattern in code, why it is banned, and where it is allowed."""
    pattern: re.Pattern
    reason: str
    # Layers, file paths, or the words 'tests' and 'mains'.
    allowed: tuple

    def allows(self, file):
        return (file.layer in self.allowed or file.path in self.allowed
                or ('tests' in self.allowed and file.is_test)
                or ('mains' in self.allowed and file.is_main))


def ban(pattern, reason, *allowed):
    return Ban(re.compile(pattern), reason, allowed)


# A name that is not a member: `system(` but not `file.system(`.
FREE = r'(?<![\w.>])(?:std::|::)?'
MACHINE = 'the machine is reached through src/runtime'
NO_THREADS = 'a process runs one loop without threads; use Scope, Semaphore and Wait'
SEEDED = 'random numbers come from runtime/random.h, whose results no library version changes'

HEADER_BANS = [
    ban(r'<(unistd|fcntl|poll|signal|csignal|sched|dirent|netdb|termios|syslog|spawn|dlfcn|ifaddrs'
        r'|pwd|grp|mntent|liburing|time|ctime|aio'
        r'|(sys|arpa|net|netinet|netpacket|linux|asm)/[^>]*)(\.h)?>', MACHINE, 'runtime'),
    ban(r'<(pthread\.h|semaphore\.h|thread|mutex|shared_mutex|condition_variable|future|semaphore'
        r'|latch|barrier|stop_token)>', NO_THREADS, 'runtime'),
    ban(r'<random>', SEEDED),
    ban(r'<(fstream|filesystem)>', 'files are reached through runtime/disk.h', 'runtime', 'tests'),
    ban(r'<(iostream|cassert|assert\.h)>', 'use fmt in place of streams, CHECK in place of assert'),
    ban(r'<regex>', 'std::regex is slow and recurses without bound: parse by hand'),
    ban(r'<(cstdio|stdio\.h)>', 'only commands and programs print', 'runtime', 'cli', 'daemon',
        'mains', 'tests', 'src/base/check.cc'),
]

CODE_BANS = [
    ban(r'\b(system|steady|high_resolution|utc|file)_clock\b|\bgettimeofday\b|\bclock_gettime\b|'
        + FREE + r'time\s*\(\s*(0|NULL|nullptr)',
        'time comes from the Clock that the constructor was given', 'runtime'),
    ban(r'\b(random_device|mt19937(_64)?|default_random_engine|\w+_distribution)\b'
        r'|\bstd::(shuffle|sample|random_shuffle)\b|\b(getrandom|arc4random\w*)\b|'
        + FREE + r's?rand\s*\(|' + FREE + r'random\s*\(\s*\)', SEEDED, 'runtime'),
    ban(r'\bstd::hash\b', 'its values differ between libraries and show in the order of tables: '
        'use IdHash or a checksum'),
    ban(r'\bstd::(jthread|thread|async|future|promise|mutex|recursive_mutex|shared_mutex|call_once'
        r'|condition_variable(_any)?|lock_guard|unique_lock|scoped_lock)\b|\bpthread_\w+',
        NO_THREADS, 'runtime'),
    # Buffers are released into the pool of their loop's thread.
    ban(r'\bthread_local\b', NO_THREADS, 'runtime', 'src/base/buffer.cc'),
    ban(FREE + r'(u|nano)?sleep\s*\(|\bsleep_(for|until)\b',
        'wait on the Loop that the constructor was given; a test advances virtual time'),
    ban(FREE + r'((secure_)?getenv|(un)?setenv)\s*\(',
        'programs read their environment in src/daemon and hand it down',
        'runtime', 'daemon', 'tests'),
    ban(r'\bargv\b', 'programs read their arguments in *_main.cc and hand them down as strings',
        'mains', 'daemon', 'tests'),
    ban(FREE + r'(fopen|freopen|fdopen|tmpfile|mkstemp|mkdtemp|popen|system|fork|vfork|exec[lv]p?e?'
        r'|posix_spawnp?|dlopen|syscall|ioctl|mmap|munmap)\s*\(', MACHINE, 'runtime'),
    ban(r'\bstd::[io]?fstream\b|\bstd::filesystem\b', 'files are reached through runtime/disk.h',
        'runtime', 'tests'),
    ban(r'(?<![\w>])::(open|openat|read|write|pread|pwrite|close|fsync|fdatasync|stat|fstat|unlink'
        r'|rename|mkdir|socket|bind|listen|accept|connect|send|recv|poll|kill|signal|raise|getpid'
        r'|gethostname)\s*\(', MACHINE, 'runtime'),
    ban(FREE + r'(v?f?printf|puts|fputs|putchar|putc|fputc|fwrite|perror)\s*\(|\bfmt::v?print\s*\('
        r'|\bstd::(cout|cerr|clog|cin)\b',
        'only commands and programs print; a server logs through telemetry/log.h',
        'runtime', 'cli', 'daemon', 'mains', 'tests', 'src/base/check.cc'),
    ban(FREE + r'(_?exit|_Exit|quick_exit|abort|terminate)\s*\(', 'return an Error, or CHECK',
        'runtime', 'daemon', 'mains', 'src/base/check.cc'),
    ban(FREE + r'assert\s*\(', 'use CHECK, which stays on in release builds'),
    ban(r'\bthrow\b', 'errors are values: return an Error', 'runtime', 'tests'),
    ban(FREE + r'(malloc|calloc|realloc|alloca|free)\s*\(',
        'own memory with std::unique_ptr, std::vector or Buffer', 'runtime', 'src/base/buffer.cc'),
    ban(r'\busing\s+namespace\s+std\s*;', 'write std::'),
]

# Where what is decided must come out the same on every machine.
FLOAT_FREE_LAYERS = ('wire', 'raft', 'erasure', 'placement', 'rpc', 'journal', 'chunk', 'meta',
                     'client', 'repair')
FLOAT = re.compile(r'\b(float|double)\b')


def check_banned_headers(tree):
    for file in tree.cpp:
        for line, included in file.includes():
            for each in HEADER_BANS:
                if each.pattern.fullmatch(included) and not each.allows(file):
                    yield file.finding(line, f'{included}: {each.reason}')


def check_banned_calls(tree):
    for file in tree.cpp:
        for each in CODE_BANS:
            if each.allows(file):
                continue
            for line, match in file.matches(each.pattern):
                word = ' '.join(match.group(0).split()).rstrip('( ')
                yield file.finding(line, f"'{word}': {each.reason}")


def check_floats(tree):
    for file in tree.cpp:
        if file.layer in FLOAT_FREE_LAYERS and not file.is_test:
            for line, match in file.matches(FLOAT):
                yield file.finding(line, f"'{match.group(0)}': nothing is decided in floating "
                                         'point, which rounds as compilers like: scale integers')


CONDITION = re.compile(r'\b(if|while|for|switch)\s*(?:constexpr\s*)?\(')


def check_conditions(tree):
    """co_await stands on a line of its own, where a reader sees that the world may change."""
    for file in tree.cpp:
        for line, match in file.matches(CONDITION):
            depth, end = 1, match.end()
            while depth > 0 and end < len(file.code):
                depth += {'(': 1, ')': -1}.get(file.code[end], 0)
                end += 1
            if re.search(r'\bco_await\b', file.code[match.end():end]):
                yield file.finding(line, f'co_await in the condition of {match.group(1)}: '
                                         'await on a line of its own, then look')


RULES = [
    ('banned-header', check_banned_headers),
    ('banned-call', check_banned_calls),
    ('no-floats', check_floats),
    ('await-in-condition', check_conditions),
]
