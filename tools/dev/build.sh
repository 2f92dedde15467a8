# build [TARGET...]: builds everything, or these targets, into build/release
need build
build release "$@"
