# install [DESTDIR]: builds, and installs programs, manual pages and units under DESTDIR/usr
need build
destination=${1:-/}
[[ $destination == /* ]] || destination=$caller_folder/$destination
mkdir -p "$destination" 2>/dev/null && [ -w "$destination" ] ||
    die "cannot write to $destination: run as root, or name a folder: ./dev install DESTDIR"
build release
DESTDIR=$destination step install cmake --install build/release --prefix /usr
