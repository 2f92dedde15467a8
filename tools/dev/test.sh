# test: builds and runs every test
need build script
[ ! -d tests/system ] || need client system
build_counted release
counted python3 tools/unit_tests.py build/release
counted python3 tools/python_tests.py
counted python3 tools/tidy
if [ -d tests/system ]; then
    counted python3 tools/system_tests.py build/release
fi
finish
