# fuzz [NAME] [--seconds N]: runs every fuzzer, or one, for N seconds each (default 20)
seconds=20
only=
while [ $# -gt 0 ]; do
    case $1 in
        --seconds)
            seconds=${2:-}
            [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds takes a number, as in --seconds 60" 2
            shift
            ;;
        -*) die "there is no option $1: ./dev fuzz [NAME] [--seconds N]" 2 ;;
        *) only=$1 ;;
    esac
    shift
done
need build script sanitize
build_counted fuzz
counted python3 tools/fuzz.py build/fuzz --seconds "$seconds" ${only:+--only "$only"}
finish
