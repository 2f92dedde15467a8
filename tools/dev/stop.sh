# stop: stops the demo cluster
. tools/demo.sh
if [ ! -d "$demo/run" ]; then
    echo "nothing runs here"
    exit 0
fi
lock_demo
stop_all
