# Runs with a lock held that all test processes of this user share.
# $1 directory, $2 its lock, $3 the process that will use the server, $4 a free port. Prints the port of the server.
set -eu
umask 022
dir=$1 lock=$2 user=$3 port=$4

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb)")

# PostgreSQL refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}

mkdir -p "$dir/users"
: > "$dir/users/$user"
if [ -f "$dir/port" ] && as_owner "$bin/pg_ctl" -D "$dir/data" status > /dev/null 2>&1; then
    cat "$dir/port"
    exit 0
fi

rm -rf "$dir/data" "$dir/port"
mkdir "$dir/data"
if [ "$(id -u)" = 0 ]; then chown postgres "$dir" "$dir/data"; fi
cd "$dir"
# A collation that does not order by bytes, where the server has one: ours must not depend on it.
initdb() { as_owner "$bin/initdb" -D "$dir/data" -U countersign --auth=trust --no-sync -E UTF8 "$@" > "$dir/initdb.log" 2>&1; }
initdb --locale=C.UTF-8 --locale-provider=icu --icu-locale=en || { rm -rf "$dir/data"/* ; initdb --locale=C; } || { cat "$dir/initdb.log" >&2; exit 1; }
# To drop the schemas of a test takes 3,100 locks, and many tests run at once.
as_owner "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t 60 start > /dev/null \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=200 -c max_locks_per_transaction=256" \
    || { cat "$dir/data/server.log" >&2; exit 1; }
echo "$port" > "$dir/port"

# Stops the server when none of its users lives any more, and removes it.
watch='
dir=$1 lock=$2
in_use() {
    for user in "$dir"/users/*; do
        [ -e "$user" ] || continue
        if kill -0 "${user##*/}" 2> /dev/null; then return 0; fi
        rm -f "$user"
    done
    return 1
}
while sleep 3; do
    if in_use; then continue; fi
    exec 9> "$lock"
    flock 9
    if ! in_use; then
        kill -QUIT "$(head -n 1 "$dir/data/postmaster.pid")"
        rm -rf "$dir"
        exit 0
    fi
    exec 9>&-
done'
setsid sh -c "$watch" watch "$dir" "$lock" < /dev/null > /dev/null 2>&1 &
cat "$dir/port"
