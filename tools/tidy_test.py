"""Each rule of tools/tidy, against samples that it must catch and samples that it must let pass."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / 'tidy'))

import banned
import documents
import layers
import sizes
import text
from tree import Tree, strip_comments_and_literals

LAYERS = 'base\nwire\nraft\nruntime\njournal\nmeta\nfront\ncli\nsim\ndaemon\n'


def findings(rule, files):
    """'path:line' of what a rule finds in a tree made of these files, and the messages."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in {'src/LAYERS': LAYERS, **files}.items():
            target = pathlib.Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return [(f'{found.path}:{found.line}', found.message) for found in rule(Tree(folder))]


class TidyCase(unittest.TestCase):
    def assert_found(self, rule, files, *places):
        self.assertEqual([place for place, _ in findings(rule, files)], list(places))

    def assert_clean(self, rule, files):
        self.assertEqual(findings(rule, files), [])


class Code(unittest.TestCase):
    def test_comments_and_literals_are_blanked_and_lines_stay(self):
        code = strip_comments_and_literals(
            'int a; // abort()\n/* abort(\n) */ f("abort()", \'{\', R"x(a"\nb)x", 1\'000\'000);\n')
        self.assertNotIn('abort', code)
        self.assertNotIn('{', code)
        self.assertEqual(code.count('\n'), 4)
        self.assertIn("1'000'000", code)

    def test_an_escaped_quote_does_not_end_a_literal(self):
        self.assertEqual(strip_comments_and_literals(r'"a\"b" c'), '"    " c')


class Layers(TidyCase):
    def test_upward_include(self):
        self.assert_found(layers.check_layers,
                          {'src/raft/a.h': '#include "base/b.h"\n#include "meta/c.h"\n',
                           'src/base/b.h': '', 'src/meta/c.h': '#include "raft/a.h"\n'},
                          'src/raft/a.h:2')

    def test_include_that_is_not_from_the_root_of_src(self):
        self.assert_found(layers.check_layers,
                          {'src/base/a.h': '#include "b.h"\n', 'src/base/b.h': ''},
                          'src/base/a.h:1')

    def test_folder_that_no_layer_lists(self):
        self.assert_found(layers.check_layers, {'src/util/a.h': ''}, 'src/util/a.h:1')

    def test_fronts_do_not_use_each_other(self):
        nbd = '#include "front/aoe/b.h"\n#include "front/shared.h"\n#include "front/nbd/c.h"\n'
        self.assert_found(layers.check_fronts,
                          {'src/front/nbd/a.h': nbd, 'src/front/aoe/b.h': '',
                           'src/front/shared.h': '', 'src/front/nbd/c.h': ''},
                          'src/front/nbd/a.h:1')

    def test_own_header_first(self):
        self.assert_found(layers.check_own_header_first,
                          {'src/base/a.h': '',
                           'src/base/a.cc': '#include <map>\n#include "base/a.h"\n',
                           'src/base/b.h': '', 'src/base/b.cc': '#include "base/b.h"\n',
                           'src/base/c.cc': '#include <map>\n'}, 'src/base/a.cc:1')


class Banned(TidyCase):
    def assert_banned(self, *lines):
        for line in lines:
            with self.subTest(line):
                self.assert_found(banned.check_banned_calls, {'src/raft/a.cc': f'\n{line}\n'},
                                  'src/raft/a.cc:2')
                self.assert_clean(banned.check_banned_calls, {'src/raft/a.cc': f'// {line}\n'})

    def assert_allowed(self, path, *lines):
        for line in lines:
            with self.subTest(line):
                self.assert_clean(banned.check_banned_calls, {path: line + '\n'})

    def test_clocks(self):
        self.assert_banned('auto t = std::chrono::steady_clock::now();',
                           'time_t t = time(nullptr);', 'clock_gettime(CLOCK_REALTIME, &t);')

    def test_randomness(self):
        self.assert_banned('std::random_device d;', 'std::mt19937_64 g;', 'int x = rand();',
                           'std::shuffle(a, b, g);', 'std::uniform_int_distribution<int> d;')

    def test_hash(self):
        self.assert_banned('std::hash<std::string> h;')

    def test_threads_and_sleep(self):
        self.assert_banned('std::thread t(f);', 'std::lock_guard guard(m);', 'thread_local int x;',
                           'usleep(5);', 'std::this_thread::sleep_for(d);')

    def test_environment_and_arguments(self):
        self.assert_banned('const char* home = std::getenv("HOME");', 'f(argv[1]);')
        self.assert_allowed('src/daemon/csd_main.cc', 'f(getenv("HOME"), argv[1]);')

    def test_system_calls(self):
        self.assert_banned('FILE* f = fopen(p, "r");', '::close(fd);', 'std::ofstream out(path);',
                           'int p = fork();', '::send(s, b, n, 0);')
        self.assert_allowed('src/runtime/real/disk.cc', '::close(fd);', 'usleep_count += 1;')

    def test_printing(self):
        self.assert_banned('fmt::print("x");', 'std::printf("x");', 'std::cerr << 1;',
                           'std::fputs("x", stdout);')
        self.assert_allowed('src/cli/table.cc', 'fmt::print("x");', 'std::fputs("x", stdout);')
        self.assert_allowed('src/sim/cairn_sim_main.cc', 'fmt::print("x");')

    def test_ends_of_the_program(self):
        self.assert_banned('abort();', 'std::exit(1);', 'assert(x);', 'throw Problem();')

    def test_members_and_other_words_are_not_calls(self):
        self.assert_allowed('src/raft/a.cc', 'file.close();', 'stream->send(x);', 'loop.sleep(d);',
                            'disk.rename(a, b);', 'raft.abort(t);', 'Task<> read(int x);',
                            'clock.now();', 'runtime(0);', 'std::snprintf(b, n, "x");')

    def test_system_headers(self):
        for header in ('unistd.h', 'sys/socket.h', 'time.h', 'thread', 'random', 'fstream',
                       'iostream', 'cstdio', 'liburing.h', 'cassert', 'ctime'):
            with self.subTest(header):
                self.assert_found(banned.check_banned_headers,
                                  {'src/meta/a.cc': f'#include <{header}>\n'}, 'src/meta/a.cc:1')
        self.assert_clean(banned.check_banned_headers,
                          {'src/meta/a.cc': '#include <chrono>\n#include <cerrno>\n',
                           'src/runtime/real/a.cc': '#include <unistd.h>\n#include <liburing.h>\n',
                           'src/journal/a_test.cc': '#include <fstream>\n'})

    def test_floats(self):
        self.assert_found(banned.check_floats,
                          {'src/raft/a.cc': 'double x;\n', 'src/base/b.cc': 'double x;\n'},
                          'src/raft/a.cc:1')

    def test_await_in_a_condition(self):
        code = ('if (co_await f())\n    g();\nwhile (x(1) < 2)\n    co_await f();\n'
                'while (a &&\n       co_await f()) {\n}\n')
        self.assert_found(banned.check_conditions, {'src/meta/a.cc': code}, 'src/meta/a.cc:1',
                          'src/meta/a.cc:5')


LONG_BODY = '    f();\n' * 70


class Sizes(TidyCase):
    def test_long_functions_of_all_shapes(self):
        heads = ('void f() {', 'Task<Result<void>> Store::write(Range r) {', 'auto f = [](int a) {',
                 'Store::Store(int a)\n    : a_{a},\n      b_{a} {',
                 'template <class T>\nbool operator==(const T& a) {', 'TEST(Suite, name) {',
                 'extern "C" int f(int x) {',
                 'namespace a {\nstruct B {\nvoid f() const override {')
        for head in heads:
            with self.subTest(head):
                closing = '}\n' * (1 + head.count('namespace') * 2)
                found = findings(sizes.check_lengths,
                                 {'src/base/a.cc': f'int x;\n{head}\n{LONG_BODY}{closing}'})
                self.assertEqual(len(found), 1, found)
                self.assertIn('function', found[0][1])

    def test_seventy_lines_are_allowed(self):
        body = '    f();\n' * 68
        self.assert_clean(sizes.check_lengths, {'src/base/a.cc': f'void f() {{\n{body}}}\n'})

    def test_long_types_and_namespaces_are_not_functions(self):
        members = '    int x = f(1);\n' * 80
        a_class = f'namespace a {{\nclass alignas(64) B : public C<int> {{\n{members}}};\n}}\n'
        an_enum = 'enum class E : uint8_t {\n' + '    x,\n' * 80 + '};\n'
        self.assert_clean(sizes.check_lengths, {'src/base/a.h': a_class + an_enum})

    def test_names(self):
        code = 'int A::b(int c) {\n}\nTEST_F(Suite, name) {\n}\nA::~A() {\n}\n'
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'src/base/a.cc'
            path.parent.mkdir(parents=True)
            path.write_text(code)
            found = list(sizes.functions(Tree(folder).files[0]))
        self.assertEqual(found, [('A::b', 1, 2), ('Suite.name', 3, 4), ('A::~A', 5, 6)])

    def test_long_files(self):
        self.assert_found(sizes.check_lengths,
                          {'src/base/a.cc': 'int x;\n' * 501,
                           'src/base/b_test.cc': 'int x;\n' * 1000,
                           'src/base/c_test.cc': 'int x;\n' * 1001},
                          'src/base/a.cc:1', 'src/base/c_test.cc:1')

    def test_the_ratchet_allows_what_it_lists_and_not_more(self):
        long = {'src/base/a.cc': 'int x;\n' * 510}
        self.assert_clean(sizes.check_lengths, {**long, sizes.RATCHET: 'file src/base/a.cc 510\n'})
        self.assert_found(sizes.check_lengths, {**long, sizes.RATCHET: 'file src/base/a.cc 505\n'},
                          'src/base/a.cc:1')

    def test_the_ratchet_only_shrinks(self):
        long = {'src/base/a.cc': 'int x;\n' * 510}
        ratchet = '#\nfile src/base/a.cc 520\n'
        self.assert_found(sizes.check_lengths, {**long, sizes.RATCHET: ratchet},
                          f'{sizes.RATCHET}:2')
        ratchet = 'function src/base/a.cc A::b 80\n'
        self.assert_found(sizes.check_lengths, {sizes.RATCHET: ratchet}, f'{sizes.RATCHET}:1')

    def test_columns(self):
        self.assert_found(sizes.check_columns,
                          {'src/base/a.cc': '//' + 'x' * 98 + '\n//' + 'x' * 99,
                           'README.md': 'x' * 300}, 'src/base/a.cc:2')


class Text(TidyCase):
    def test_markers(self):
        self.assert_found(text.check_markers,
                          {'src/base/a.cc': '// TO' + 'DO: later\n',
                           'docs/a.md': 'mktemp a.XXXXXX\n', 'dev': '# FIX' + 'ME\n'},
                          'dev:1', 'src/base/a.cc:1')

    def test_machine_paths_and_how_it_was_made(self):
        self.assert_found(text.check_making,
                          {'README.md': 'see /wo' + 'rk/x\n', 'docs/a.md': 'by a sub-ag' + 'ent\n',
                           'docs/b.md': 'a session of the client; src/work/x; $DIR/root/x\n'},
                          'README.md:1', 'docs/a.md:1')

    def test_binaries_and_generated_files(self):
        self.assert_found(text.check_binaries,
                          {'src/base/a.o': 'x', 'docs/picture': b'\0\1',
                           'src/wire/golden/a': b'\0\1', 'docs/big.md': 'x' * 300_000},
                          'docs/big.md:1', 'docs/picture:1', 'src/base/a.o:1')

    def test_headers(self):
        self.assert_found(text.check_headers,
                          {'src/base/a.h': '#pragma once\n', 'src/base/b.h': '// What.\n',
                           'src/base/c.h': '// What.\n#pragma once\nusing namespace std;\n',
                           'src/base/d.h': '// What.\n' * 31 + '#pragma once\n',
                           'src/base/e.h': '// What.\n#pragma once\n'},
                          'src/base/a.h:1', 'src/base/b.h:1', 'src/base/c.h:3', 'src/base/d.h:1')

    def test_whitespace(self):
        self.assert_found(text.check_whitespace,
                          {'src/base/a.cc': 'int x; \n\tint y;\nint z;'},
                          'src/base/a.cc:1', 'src/base/a.cc:2', 'src/base/a.cc:3')

    def test_tests_that_cannot_fail(self):
        self.assert_found(text.check_disabled_tests,
                          {'src/base/a_test.cc': 'TEST(A, DISABLED_b) {\nEXPECT_TRUE(true);\n}\n'},
                          'src/base/a_test.cc:1', 'src/base/a_test.cc:2')

    def test_ignored_files_are_not_looked_at(self):
        self.assert_clean(text.check_binaries,
                          {'.gitignore': '/build/\n*.pyc\n', 'build/a.o': 'x', 'tools/b.pyc': 'x'})


class Documents(TidyCase):
    def test_paths_and_verbs_exist(self):
        self.assert_found(documents.check_paths,
                          {'README.md': '`src/base/a.h` `src/base/`\n`src/gone.h`\n`./dev fly`\n',
                           'src/base/a.h': '', 'docs/design/note.md': '`src/base/x.h`\n'},
                          'README.md:2', 'README.md:3', 'docs/design/note.md:1')

    def test_links_lead_somewhere(self):
        self.assert_found(documents.check_paths,
                          {'docs/a.md': '[b](b.md) [c](../c.md#part)\n[d](d.md)\n[e](http://e)\n',
                           'docs/b.md': '', 'c.md': ''}, 'docs/a.md:2')

    def test_documents_that_code_names_exist(self):
        self.assert_found(documents.check_paths,
                          {'src/base/a.h': '// docs/design/a.md\n// docs/design/b.md\n',
                           'docs/design/a.md': '',
                           'src/base/a_test.cc': 'write("docs/none.md");\n'}, 'src/base/a.h:2')

    def test_dependencies_agree_with_what_is_installed(self):
        script = 'declare -A packages=(\n    [build]="cmake\n ninja"\n)\n'
        found = findings(documents.check_dependencies,
                         {'tools/common.sh': script,
                          'docs/dependencies.md': '# x\n| `cmake` | builds |\n| `gone` | no |\n'})
        self.assertEqual([place for place, _ in found],
                         ['docs/dependencies.md:1', 'docs/dependencies.md:3'])

    def test_what_cmake_looks_for_is_listed(self):
        cmake = ('find_package(Threads REQUIRED)\nfind_package(fmt REQUIRED)\nfind_package(GTest)\n'
                 'pkg_check_modules(X REQUIRED IMPORTED_TARGET liburing)\n')
        self.assert_found(documents.check_dependencies,
                          {'tools/common.sh': '    [build]="libfmt-dev"\n', 'cmake/a.cmake': cmake,
                           'docs/dependencies.md': '| `libfmt-dev` | formats |\n'},
                          'cmake/a.cmake:3', 'cmake/a.cmake:4')

    def test_readme_length(self):
        self.assert_found(documents.check_readme, {'README.md': 'x\n' * 151}, 'README.md:151')


if __name__ == '__main__':
    unittest.main()
