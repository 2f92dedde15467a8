# asan: unit tests and 50 simulator seeds under the address and undefined-behaviour sanitizers
need build script sanitize
build_counted asan
counted python3 tools/unit_tests.py build/asan
seeds asan 50
same_traces asan 10
finish
