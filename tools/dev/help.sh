# help: lists the verbs
echo "usage: ./dev VERB [ARGUMENT...]    start with ./dev run and ./dev test"
for file in tools/dev/*.sh; do
    usage=$(sed -n '1s/^# //p' "$file")
    printf '  %-28s %s\n' "${usage%%: *}" "${usage#*: }"
done
