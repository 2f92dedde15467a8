# check: what to run before each commit: build, unit tests, format, tidy, 200 simulator seeds
need build script lint
build_counted release
counted python3 tools/unit_tests.py build/release
counted python3 tools/python_tests.py
counted python3 tools/tidy
counted tools/format.sh --check
seeds release 200
finish
