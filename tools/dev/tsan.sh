# tsan: unit tests and 20 simulator seeds under the thread sanitizer
need build script sanitize
build_counted tsan
counted python3 tools/unit_tests.py build/tsan
seeds tsan 20
finish
