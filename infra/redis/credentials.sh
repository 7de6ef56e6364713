#!/bin/sh
# Makes a password for each of a fleet's Redis users, a file each, and the ACL file that Redis reads; what is there
# is kept, so that it may be run at every start. To change a password: remove its file, run this, restart the fleet.
#
#   credentials.sh FOLDER
#
# As root, each file belongs to the user that its process runs as (the ids are those of docker-compose.yml).
set -eu
umask 077
folder=$1
mkdir -p "$folder"
chmod 755 "$folder"

# A name in ACL patterns: any run (qfleet:{RUN:fleet}:…), any shard of its replay (qfleet:{RUN:0}:replay:…).
fleet='qfleet:{*:fleet}:'
replay='qfleet:{*:[0-9]*}:replay:'

# Scripts may be called, but each command in them is held to the other rules. %R: read only; %W: write only.
scripts='(+eval +evalsha ~qfleet:{*)'
# `cluster` is asked by clients of a Redis Cluster, `readonly` and `readwrite` are told to its replicas.
connect='+hello +info +ping +client|setname +multi +exec +discard +time
  +cluster|slots +cluster|info +readonly +readwrite'
# The heartbeat: a process writes what it tells of itself, and reads how the run is.
heartbeat="+set +del +hget +hset +hmget +hstrlen +hgetall +hincrby +hincrbyfloat +pexpire +sadd +srem +zadd +zrem \
+zremrangebyscore %R~${fleet}run ~${fleet}processes ~${fleet}unended ~${fleet}totals"
# What BullMQ's scripts do to take a job, hold it, give it back and find those whose holder died.
take_jobs='+exists +get +hmset +lindex +llen +lpush +lrange +lrem +pttl +rpoplpush +rpush +scard +smembers +xadd +xtrim
+zcard +zpopmin +zrange +zrangebyscore +incr +zscore'

own() { echo "~${fleet}process:$1:* ~${fleet}counted:$1:*"; }

# An actor appends experience, hears of weights and reads them; it can neither read chunks nor write weights.
actor="$connect $scripts $heartbeat $(own actor) $take_jobs
  +subscribe &${fleet}weights ~${fleet}queue:rollouts:* %R~${fleet}weights %R~${fleet}weights:* %W~${fleet}episodes ~${fleet}returns
  +mset +getrange +strlen +rename +lpop +unlink +hdel ~${replay}meta ~${replay}sizes ~${replay}writers ~${replay}staged:* %W~${replay}chunk:*
  %W~${replay}priorities"

# An evaluator takes jobs and their weights, and reports; it sees nothing of the replay.
evaluator="$connect $scripts $heartbeat $(own evaluator) $take_jobs +bzpopmin +ltrim +unlink
  ~${fleet}queue:evaluations:* ~${fleet}evaluation-weights:* ~${fleet}evaluations"

# The exporter reads the run, and writes nothing but its own heartbeat.
exporter="$connect $scripts $heartbeat $(own exporter)
  +mget +get +getrange +llen +lindex +lrange +zcard +zrange +xrevrange %R~${fleet}* %R~${replay}meta"

# The learner owns the run: every key of it, but no command on the server itself.
learner="$connect $scripts $heartbeat $take_jobs +publish &${fleet}weights
  +type +hsetnx +setex +mget +xrange +xrevrange +hlen +lpop +getrange +strlen +rename +mset +unlink +persist +hdel ~qfleet:{*"

password_of() {
  if [ ! -s "$folder/$1" ]; then
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
  fi
  cat "$folder/$1"
}

user() {
  hash=$(printf %s "$(password_of "$1")" | sha256sum | cut -d' ' -f1)
  # On one line, without pattern expansion.
  (set -f && echo "user $1 on #$hash resetkeys resetchannels -@all" $2)
}

# A person's, from within Redis's own container: its user alone can read the password.
admin='~* &* +@all'

# Without a password a client may ask whether Redis lives, and no more: the health check.
{
  echo 'user default on nopass resetkeys resetchannels -@all +ping'
  user learner "$learner"
  user actor "$actor"
  user evaluator "$evaluator"
  user exporter "$exporter"
  user admin "$admin"
} >"$folder/users.acl.new"
mv "$folder/users.acl.new" "$folder/users.acl"

if [ "$(id -u)" = 0 ]; then
  chown 999 "$folder/users.acl" "$folder/admin"
  chown 1000 "$folder/learner"
  chown 1001 "$folder/actor"
  chown 1002 "$folder/evaluator"
  chown 1003 "$folder/exporter"
fi
chmod 400 "$folder/users.acl" "$folder/admin" "$folder/learner" "$folder/actor" "$folder/evaluator" "$folder/exporter"
