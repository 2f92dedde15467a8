# lint: format, tidy, manual pages, headers that compile alone, clang-tidy
need build script lint
step "configure release" cmake --preset release >/dev/null || build_counted release
counted tools/format.sh --check
counted python3 tools/tidy
counted tools/man_lint.sh
counted python3 tools/compiler_lint.py build/release
finish
