# sim [--seeds N | --seed S | --rules | --broken RULE|all | --story NAME]: simulated clusters
need build
step "build release" build release cairn-sim >/dev/null || build_counted release
exec "build/release/bin/cairn-sim" "$@"
